import type { EventPart } from "./change.ts";
import type { EventContext, TagSet } from "./index-entry.ts";
import type { QualityGates } from "./quality-gates.ts";
import { noTags, sameTags } from "./tag-set.ts";

/** An event of which nothing is known but its id. */
export function unknownEvent(id: number): EventContext {
  return { id, atMs: 0, tags: noTags };
}

/**
 * Adds what a message says about an event. A part that the message does not carry is kept; a message from before the last
 * one only fills in what nobody said so far. Tags have their own times: the caller merges them. Texts for people are not kept.
 */
export function mergeEventPart(known: EventContext, part: EventPart, tags: TagSet, atMs: number): EventContext {
  const { tags: _, info: __, orgName: ___, published, ...parts } = part;
  const merged = atMs >= known.atMs ? { ...known, ...parts, atMs } : { ...parts, ...known };
  const saidAtMs = known.published === undefined ? 0 : (known.publishedAtMs ?? known.atMs);
  if (published === undefined || atMs < saidAtMs) return { ...merged, tags };
  return { ...merged, published, publishedAtMs: atMs, tags };
}

/**
 * Whether filter, gates and announcement read the same from both, so that the event's attributes need no second look. What
 * gates do not ask for is not compared: MISP takes `published` back with every change of an event.
 */
export function decidesTheSame(a: EventContext, b: EventContext, quality: QualityGates): boolean {
  return (
    a.uuid === b.uuid &&
    a.orgId === b.orgId &&
    a.orgUuid === b.orgUuid &&
    (quality.publishedOnly !== true || a.published === b.published) &&
    (quality.distribution === undefined || a.distribution === b.distribution) &&
    sameTags(a.tags, b.tags)
  );
}
