import type { AttributeChange, AttributeContent, EventPart, Tag } from "./change.ts";
import type { EventContext, IndexEntry, TagSet } from "./index-entry.ts";

/**
 * Whether a change's content replaces the entry's. Live facts follow their observed order. A REST row counts as observed
 * when its request was sent; later facts win over it unless its MISP timestamp is strictly newer.
 */
export function isNewerContent(entry: IndexEntry, change: AttributeChange): boolean {
  if (change.observedAtMs !== entry.contentAtMs) {
    if (change.observedAtMs > entry.contentAtMs) return true;
    return change.origin === "rest" && change.content.timestamp > entry.content.timestamp;
  }
  // Only Kafka's record timestamps can tie: the higher MISP timestamp wins, then the removal.
  if (change.content.timestamp !== entry.content.timestamp) return change.content.timestamp > entry.content.timestamp;
  return change.content.deleted || !entry.content.deleted;
}

/**
 * Whether a live change may be older than the REST row that the entry comes from, though it says otherwise: mispzmq brings what
 * waited in its queue after a row that had it already. Only MISP can tell, so neither wins until it was asked. A change that is newer both
 * by its timestamp and by when it was observed is in no doubt.
 */
export function isInDoubt(entry: IndexEntry, change: AttributeChange): boolean {
  if (change.origin !== "live" || entry.origin !== "rest") return false;
  if (change.content.timestamp > entry.content.timestamp && change.observedAtMs > entry.contentAtMs) return false;
  return isOverruled(entry, change);
}

/**
 * Whether an entry, or its event, says otherwise than a REST row that was just merged into them: something that was observed later than
 * the row was asked for has prevailed. Once more it has to be asked for, since that time may be of a clock that is ahead.
 */
export function isOverruled({ content, tags }: Pick<IndexEntry, "content" | "tags">, change: AttributeChange): boolean {
  return !sameContent(content, change.content) || (change.tags !== undefined && !sameIds(tags, change.tags));
}

/** As {@link isOverruled}, for what a row or a list says of its event. */
export function isEventOverruled(event: EventContext, { published, distribution, tags }: EventPart): boolean {
  return (
    (published !== undefined && published !== event.published) ||
    (distribution !== undefined && distribution !== event.distribution) ||
    (tags !== undefined && !sameIds(event.tags, tags))
  );
}

function sameContent(a: AttributeContent, b: AttributeContent): boolean {
  return (
    a.type === b.type &&
    a.value === b.value &&
    a.category === b.category &&
    a.comment === b.comment &&
    a.toIds === b.toIds &&
    a.deleted === b.deleted &&
    sayTheSame(a.distribution, b.distribution) &&
    sayTheSame(a.objectDistribution, b.objectDistribution)
  );
}

function sayTheSame(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

function sameIds({ attached }: TagSet, tags: readonly Tag[]): boolean {
  const ids = new Set(tags.map(({ id }) => id));
  return ids.size === attached.length && attached.every(({ id }) => ids.has(id));
}
