import { emptyMeta, type Lineage, type Store, type StoreChanges, type StoreMeta } from "../contracts.ts";
import { withdrawnAtMs } from "../former.ts";
import type { EventContext, IndexEntry, TagDefinition, WaitingTag } from "../index-entry.ts";

/** The store's contract as plainly as can be: everything is looked for by scanning. What goes in is copied. */
export function createMemoryStore(): Store {
  const entries = new Map<number, IndexEntry>();
  const newest = new Map<string, { readonly id: number } | Lineage>();
  const events = new Map<number, EventContext>();
  const tags = new Map<number, TagDefinition>();
  const dirty = new Map<number, number>();
  let waiting: WaitingTag[] = [];
  let meta: StoreMeta = emptyMeta;

  const sorted = () => [...entries.values()].sort((a, b) => a.id - b.id);
  const carries = (tagId: number) => (item: IndexEntry | EventContext) =>
    item.tags.attached.some((tag) => tag.id === tagId);

  const apply = (changes: StoreChanges) => {
    for (const { before, after } of changes.entries) {
      if (after !== undefined) {
        entries.set(after.id, after);
        if (before === undefined) newest.set(after.uuid, { id: after.id });
      } else if (before !== undefined) {
        entries.delete(before.id);
        const { uuid, createdMs, modifiedMs } = before;
        const known = newest.get(uuid);
        if (known !== undefined && "id" in known && known.id === before.id) newest.set(uuid, { createdMs, modifiedMs });
      }
    }
    for (const event of changes.events) events.set(event.id, event);
    for (const tag of changes.tags) tags.set(tag.id, tag);
    waiting = waiting.filter(({ attributeId }) => !changes.waiting.taken.includes(attributeId));
    for (const added of changes.waiting.added) {
      waiting = waiting.filter((tag) => tag.attributeId !== added.attributeId || tag.tagId !== added.tagId);
      waiting.push(added);
    }
    for (const sequence of changes.clean) dirty.delete(sequence);
    for (const { sequence, id } of changes.dirty) dirty.set(sequence, id);
    meta = { ...meta, ...changes.meta };
  };

  return {
    meta: () => meta,
    entry: (id) => entries.get(id),
    byUuid: (uuid) => newest.get(uuid),
    event: (id) => events.get(id),
    idsOfEvent: (eventId) => sorted().flatMap((entry) => (entry.eventId === eventId ? [entry.id] : [])),
    eventsAfter: (afterId, limit) =>
      [...events.values()]
        .filter(({ id }) => id > afterId)
        .sort((a, b) => a.id - b.id)
        .slice(0, limit),
    tagDefinition: (id) => tags.get(id),
    tagDefinitions: () => [...tags.values()].sort((a, b) => a.id - b.id),
    taggedWith: (tagId) => ({
      attributeIds: sorted()
        .filter(carries(tagId))
        .map(({ id }) => id),
      eventIds: [...events.values()]
        .filter(carries(tagId))
        .map(({ id }) => id)
        .sort((a, b) => a - b),
    }),
    waitingTags: (attributeId) => waiting.filter((tag) => tag.attributeId === attributeId),
    waitingCount: () => waiting.length,
    liveIdsWithPattern: (pattern) =>
      sorted().flatMap((entry) => (entry.live && entry.announced?.pattern === pattern ? [entry.id] : [])),
    isDirty: (sequence) => dirty.has(sequence),
    dirtyAfter: (after, limit) =>
      [...dirty]
        .map(([sequence, id]) => ({ sequence, id }))
        .filter(({ sequence }) => sequence > after)
        .sort((a, b) => a.sequence - b.sequence)
        .slice(0, limit),
    entriesAfter: (afterId, limit) =>
      sorted()
        .filter(({ id }) => id > afterId)
        .slice(0, limit),
    removedBetween: (fromMs, toMs, limit) =>
      sorted()
        .map((entry) => ({ id: entry.id, at: withdrawnAtMs(entry) }))
        .filter(({ at }) => at > 0 && at >= fromMs && at < toMs)
        .sort((a, b) => a.at - b.at || a.id - b.id)
        .slice(0, limit)
        .map(({ id }) => id),
    dueBetween: (fromMs, toMs, limit) =>
      sorted()
        .filter(({ dueAtMs: at }) => at !== 0 && at >= fromMs && at < toMs)
        .sort((a, b) => a.dueAtMs - b.dueAtMs || a.id - b.id)
        .slice(0, limit)
        .map(({ id }) => id),
    async commit(changes) {
      apply(structuredClone(changes));
    },
    async expireWaiting(beforeMs) {
      const before = waiting.length;
      waiting = waiting.filter(({ atMs }) => atMs >= beforeMs);
      return before - waiting.length;
    },
    async [Symbol.asyncDispose]() {},
  };
}
