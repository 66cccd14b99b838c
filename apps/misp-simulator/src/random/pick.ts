import type { AnalystAction, MispModel } from "../model.ts";
import type { Random } from "./source.ts";

/** Chooses targets and values for one kind of action; undefined when there is nothing to do it to. */
export type Pick = (model: MispModel, random: Random) => AnalystAction | undefined;

/** A kind of action with how often it is wanted, and whether it makes attributes. */
export interface WeightedPick {
  readonly weight: number;
  readonly pick: Pick;
  readonly adds?: boolean;
  readonly silent?: boolean;
}
