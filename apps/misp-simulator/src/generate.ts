import type { ModelNotification } from "./messages/topics.ts";
import type { MispModel } from "./model.ts";
import { randomAction } from "./random/action.ts";
import { createRandom } from "./random/source.ts";

/** A kind of load: one kind of message, or the actions of a random analyst. */
export type LoadKind = "add" | "edit" | "soft-delete" | "restore" | "mixed";

/** Makes load on a model: each call is one action of a kind, with the messages that it causes. */
export type LoadGenerator = (kind: LoadKind) => readonly ModelNotification[];

/**
 * Load for a model. `add` makes distinct domains in an event of its own; `edit`, `soft-delete` and `restore` go round what was
 * added, and add when there is nothing yet.
 *
 * @param seed of the random analyst
 */
export function createLoadGenerator(model: MispModel, seed: number): LoadGenerator {
  const random = createRandom(seed);
  const ids: number[] = [];
  let eventId: number | undefined;
  let edits = 0;

  function add(): readonly ModelNotification[] {
    const before: ModelNotification[] = [];
    if (eventId === undefined || model.state.events.get(eventId) === undefined) {
      const event = model.addEvent({ info: "generated load" });
      eventId = event.id;
      before.push(...event.notifications);
    }
    const value = `host-${ids.length + 1}.load.example`;
    const { id, notifications } = model.addAttribute({ eventId, type: "domain", value });
    ids.push(id);
    return before.length === 0 ? notifications : [...before, ...notifications];
  }

  return (kind) => {
    if (kind === "mixed") return randomAction(model, random, { attributes: 10_000 }).notifications;
    const id = ids[edits++ % Math.max(1, ids.length)];
    // The random analyst may have deleted what was added.
    if (kind === "add" || id === undefined || model.state.attributes.get(id) === undefined) return add();
    if (kind === "edit") return model.editAttribute({ id, comment: `edit ${edits}` }).notifications;
    return (kind === "restore" ? model.restore({ id }) : model.softDelete({ id })).notifications;
  };
}
