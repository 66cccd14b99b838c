import { type AttributeActions, createAttributeActions } from "./actions/attributes.ts";
import type { ActionContext, ActionResult } from "./actions/context.ts";
import { createEventActions, type EventActions } from "./actions/events.ts";
import { createObjectActions, type ObjectActions } from "./actions/objects.ts";
import { createSightingActions, type SightingActions } from "./actions/sightings.ts";
import { createTagActions, type TagActions } from "./actions/tags.ts";
import { type AttributeView, listAttributes } from "./attribute-view.ts";
import type { Org } from "./rows.ts";
import { SimulatorError } from "./simulator-error.ts";
import { createIds, createState, type MispState } from "./state.ts";

/** What a model needs from outside, so that it is deterministic: the same calls give the same messages. */
export interface MispModelOptions {
  /** MISP's clock, whole seconds since the epoch. It may stand still. */
  readonly now: () => number;
  /** A new uuid at each call, lower case. */
  readonly uuid: () => string;
  /** The organisations. Id 1 must be among them: it owns what is made here. @default three, ids 1 to 3 */
  readonly orgs?: readonly Org[];
}

/** Everything that can be done to a MISP. Each takes one object of options and answers with what MISP then says. */
interface MispActions extends EventActions, AttributeActions, TagActions, ObjectActions, SightingActions {}

/** An action as data: its name beside its options. */
export type AnalystAction = {
  [Name in keyof MispActions]: { readonly action: Name } & Parameters<MispActions[Name]>[0];
}[keyof MispActions];

/** A stand-in MISP. Actions on unknown ids, and such as MISP would refuse, throw a {@link SimulatorError} and change nothing. */
export interface MispModel extends MispActions {
  /** Does what an action says. An unknown action is a {@link SimulatorError} `invalid-command`. */
  perform(action: AnalystAction): ActionResult;
  /** What MISP holds now: the live attributes with their own tags and their event's, in no particular order. */
  attributes(): AttributeView[];
  readonly state: MispState;
  /** Its clock, whole seconds since the epoch. */
  readonly now: () => number;
}

const defaultOrgs: readonly Org[] = [
  { id: 1, uuid: "6c1f3b0e-9d52-4f0e-8a53-0b6d1f6f3a01", name: "Own CERT", local: true },
  { id: 2, uuid: "0f5e9a44-1d3c-47a6-b0f9-5a8f2d7c4b02", name: "Other CERT", local: false },
  { id: 3, uuid: "b8d27c15-6e4a-4c38-9f21-7d0a3e5b6c03", name: "Third CERT", local: false },
];

/** An empty MISP that knows its organisations. */
export function createMispModel(options: MispModelOptions): MispModel {
  const state = createState(options.orgs ?? defaultOrgs);
  const context: ActionContext = {
    state,
    nextId: createIds(),
    now: options.now,
    uuid: options.uuid,
  };
  const actions: MispActions = {
    ...createEventActions(context),
    ...createAttributeActions(context),
    ...createTagActions(context),
    ...createObjectActions(context),
    ...createSightingActions(context),
  };
  return {
    ...actions,
    perform(action) {
      if (!Object.hasOwn(actions, action.action)) {
        throw new SimulatorError("invalid-command", `there is no action ${String(action.action)}`);
      }
      // The type of AnalystAction pairs each name with its options; the compiler cannot follow that through the lookup.
      const perform = actions[action.action] as (options: AnalystAction) => ActionResult;
      return perform(action);
    },
    attributes: () => listAttributes(state),
    state,
    now: options.now,
  };
}
