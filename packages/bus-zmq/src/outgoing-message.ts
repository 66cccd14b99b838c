import type { StixObject } from "@tb/misp-core";

/** What follows an app's private topic. */
type MessageKind = "indicator" | "sighting" | "snapshotrequest";

/** One object on its way to one or more apps. */
export interface OutgoingMessage {
  readonly kind: MessageKind;
  readonly id: string;
  /** What it is about: of two messages with one key only the later matters. */
  readonly key: string;
  /** Keys of what waits no longer matters once this message is on its way, besides its own. */
  readonly supersedes: string | undefined;
  /** An indicator's REMOVE: consumers drop the pattern. */
  readonly removal: boolean;
  /** The object as JSON. Undefined: to be rendered again by its id, as it is then. */
  readonly text: string | undefined;
  /** What to keep of it while it waits, if that is less. */
  readonly later?: OutgoingMessage;
}

/** Gives an indicator of ours as it is now; undefined when it is not to be held any more (its REMOVE waits or comes). */
export type RenderAgain = (id: string) => StixObject | undefined;

/**
 * Only indicators and sightings travel on a Threat Bus; undefined for anything else.
 *
 * @param canRender the object is ours and can be rendered again by its id. A REMOVE never is: the index may know its pattern no more.
 */
export function toMessage(object: StixObject, canRender: boolean): OutgoingMessage | undefined {
  const { type, id } = object;
  if (type !== "indicator" && type !== "sighting") return undefined;
  const text = JSON.stringify(object);
  if (type === "sighting") {
    return { kind: type, id, key: announcementKey(id), supersedes: undefined, removal: false, text };
  }
  const removal = object["x_threatbus_update"] === "REMOVE";
  const message: OutgoingMessage = {
    kind: type,
    id,
    key: removal ? removalKey(object) : announcementKey(id),
    supersedes: removal ? announcementKey(id) : removalKey(object),
    removal,
    text,
  };
  return canRender && !removal ? { ...message, later: { ...message, text: undefined } } : message;
}

/** The same for several, in order; what does not travel is left out. */
export function toMessages(objects: readonly StixObject[], canRender: boolean): OutgoingMessage[] {
  const messages: OutgoingMessage[] = [];
  for (const object of objects) {
    const message = toMessage(object, canRender);
    if (message !== undefined) messages.push(message);
  }
  return messages;
}

/** What goes out of it now; undefined when it is not to be held any more. Throws what `renderAgain` throws. */
export function textOf({ text, id }: OutgoingMessage, renderAgain: RenderAgain | undefined): string | undefined {
  if (text !== undefined) return text;
  const object = renderAgain?.(id);
  return object === undefined ? undefined : JSON.stringify(object);
}

/** Asks an app for what it knows: `{"type": "snapshotrequest", …}` as the real host 2022.5.16 writes it. */
export function toSnapshotRequest(type: "indicator" | "sighting", id: string, days: number): OutgoingMessage {
  const text = JSON.stringify({
    type: "snapshotrequest",
    snapshot_type: type === "indicator" ? 1 : 2,
    snapshot_id: id,
    snapshot: days * 86_400,
  });
  return { kind: "snapshotrequest", id, key: `?${type}${id}`, supersedes: undefined, removal: false, text };
}

function announcementKey(id: string): string {
  return `+${id}`;
}

/** Consumers find what to drop by its pattern, so a REMOVE is about the pattern, whichever indicator it names. */
function removalKey(object: StixObject): string {
  return `-${String(object["pattern_type"])} ${String(object["pattern"])}`;
}
