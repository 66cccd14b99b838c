import type { Json } from "../messages/json.ts";
import type { MispTopic, ModelNotification } from "../messages/topics.ts";
import type { EventRow } from "../rows.ts";
import { SimulatorError } from "../simulator-error.ts";
import type { MispState, NextId } from "../state.ts";

/** What every action works on. */
export interface ActionContext {
  readonly state: MispState;
  readonly nextId: NextId;
  /** MISP's clock, whole seconds. */
  readonly now: () => number;
  readonly uuid: () => string;
}

/** What an action said, in MISP's order. */
export interface ActionResult {
  readonly notifications: readonly ModelNotification[];
}

/** An action that made one row. */
export interface CreatedResult extends ActionResult {
  /** The new row's numeric id. */
  readonly id: number;
}

/** Collects what an action says while it goes on. */
export interface Emission {
  readonly notifications: ModelNotification[];
  emit(topic: MispTopic, body: Json): void;
}

/** An empty collection. */
export function createEmission(): Emission {
  const notifications: ModelNotification[] = [];
  return {
    notifications,
    emit(topic, body) {
      notifications.push({ topic, body: JSON.stringify(body) });
    },
  };
}

/** Every change of an event's contents sets its timestamp and unpublishes it, without a message of its own. */
export function touchEvent(context: ActionContext, event: EventRow): void {
  event.timestamp = context.now();
  event.published = false;
}

/** Refuses rows that cannot be made, before anything is changed. */
export function checkUuids(context: ActionContext, uuids: readonly (string | undefined)[]): void {
  const seen = new Set<string>();
  for (const uuid of uuids) {
    if (uuid === undefined) continue;
    if (seen.has(uuid) || context.state.uuids.has(uuid)) throw new SimulatorError("refused", `uuid ${uuid} is in use`);
    seen.add(uuid);
  }
}

/** The given uuid or a new one, marked as in use. */
export function claimUuid(context: ActionContext, uuid: string | undefined): string {
  const claimed = uuid ?? context.uuid();
  context.state.uuids.add(claimed);
  return claimed;
}
