import type { ActionResult } from "../actions/context.ts";
import type { AnalystAction, MispModel } from "../model.ts";
import { attributePicks } from "./attributes.ts";
import { eventPicks } from "./events.ts";
import type { Pick, WeightedPick } from "./pick.ts";
import type { Random } from "./source.ts";
import { tagPicks } from "./tags.ts";

/** How a random analyst works. */
export interface RandomActionOptions {
  /** About how many attributes to keep: with more than that, nothing is added, only deleted. @default 40 */
  readonly attributes?: number;
  /** Also do what MISP says nothing about (`fastUpdate`, `mergeTags`), which nobody can follow on the stream alone. @default false */
  readonly silent?: boolean;
}

/** What a random analyst did, and what MISP said. */
export interface RandomActionResult extends ActionResult {
  readonly action: AnalystAction;
}

const picks: readonly WeightedPick[] = [...eventPicks, ...attributePicks, ...tagPicks];

function choose(wanted: readonly WeightedPick[], random: Random): Pick | undefined {
  let position = random(wanted.reduce((sum, { weight }) => sum + weight, 0));
  return wanted.find(({ weight }) => {
    position -= weight;
    return position < 0;
  })?.pick;
}

/**
 * One action of an analyst on random targets, performed on the model. Values, tags and names come from small pools, so
 * that attributes share values and values wander between attributes.
 *
 * @param random the only source of chance; the clock and the uuids are the model's
 */
export function randomAction(model: MispModel, random: Random, options: RandomActionOptions = {}): RandomActionResult {
  const full = model.state.attributes.size > (options.attributes ?? 40);
  const wanted = picks.filter(({ adds, silent }) => !(adds && full) && (!silent || options.silent));
  let action: AnalystAction = { action: "addEvent", info: "first event" };
  // Most kinds need a target that may not exist: look again, but not for ever (a given source of chance may repeat itself).
  for (let attempt = 0; attempt < 20; attempt++) {
    const picked = choose(wanted, random)?.(model, random);
    if (picked === undefined) continue;
    action = picked;
    break;
  }
  return { action, notifications: model.perform(action).notifications };
}
