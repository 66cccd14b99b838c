import type {
  EventContext,
  IndexEntry,
  Lineage,
  StoreChanges,
  StoreMeta,
  StoreView,
  TagDefinition,
  WaitingTag,
} from "@tb/misp-core";

/** One transaction in the making: reads see the store with the draft's own writes on top. */
export interface Draft {
  entry(id: number): IndexEntry | undefined;
  setEntry(entry: IndexEntry): void;
  removeEntry(id: number): void;
  byUuid(uuid: string): { readonly id: number } | Lineage | undefined;
  event(id: number): EventContext | undefined;
  setEvent(event: EventContext): void;
  tag(id: number): TagDefinition | undefined;
  setTag(tag: TagDefinition): void;
  idsOfEvent(eventId: number): readonly number[];
  taggedWith(tagId: number): { readonly attributeIds: readonly number[]; readonly eventIds: readonly number[] };
  waitingCount(): number;
  wait(tag: WaitingTag): void;
  takeWaiting(attributeId: number): readonly WaitingTag[];
  isDirty(sequence: number): boolean;
  /** Replaces the entry's dirty key by a new one, last in commit order, and returns the entry that carries it. */
  markDirty(entry: IndexEntry): IndexEntry;
  markClean(sequence: number): void;
  meta(): StoreMeta;
  setMeta(meta: Partial<StoreMeta>): void;
  changes(): StoreChanges;
}

/** Starts a transaction over the committed state. */
export function createDraft(view: StoreView): Draft {
  const entries = new Map<number, { readonly before: IndexEntry | undefined; after: IndexEntry | undefined }>();
  const newUuids = new Map<string, number>();
  const events = new Map<number, EventContext>();
  const tags = new Map<number, TagDefinition>();
  const waiting = new Map<number, WaitingTag[]>();
  const taken = new Set<number>();
  const dirty = new Map<number, number>();
  const clean = new Set<number>();
  let meta: Partial<StoreMeta> = {};
  let sequence = view.meta().sequence;
  let waitingAdded = 0;

  const load = (id: number) => {
    let slot = entries.get(id);
    if (slot === undefined) {
      const before = view.entry(id);
      slot = { before, after: before };
      entries.set(id, slot);
    }
    return slot;
  };
  const markClean = (old: number) => {
    if (!dirty.delete(old) && view.isDirty(old)) clean.add(old);
  };

  return {
    entry: (id) => load(id).after,
    setEntry(entry) {
      const slot = load(entry.id);
      if (slot.before === undefined) {
        const newest = newUuids.get(entry.uuid);
        if (newest === undefined || newest < entry.id) newUuids.set(entry.uuid, entry.id);
      }
      slot.after = entry;
    },
    removeEntry(id) {
      load(id).after = undefined;
    },
    byUuid(uuid) {
      const id = newUuids.get(uuid);
      return id === undefined ? view.byUuid(uuid) : { id };
    },
    event: (id) => events.get(id) ?? view.event(id),
    setEvent: (event) => void events.set(event.id, event),
    tag: (id) => tags.get(id) ?? view.tagDefinition(id),
    setTag: (tag) => void tags.set(tag.id, tag),
    idsOfEvent(eventId) {
      const ids = new Set(view.idsOfEvent(eventId));
      for (const [id, { after }] of entries) if (after?.eventId === eventId) ids.add(id);
      return [...ids];
    },
    taggedWith(tagId) {
      const stored = view.taggedWith(tagId);
      const attributeIds = new Set(stored.attributeIds);
      const eventIds = new Set(stored.eventIds);
      const carries = ({ tags: set }: IndexEntry | EventContext) => set.attached.some((tag) => tag.id === tagId);
      for (const [id, { after }] of entries) if (after !== undefined && carries(after)) attributeIds.add(id);
      for (const [id, event] of events) if (carries(event)) eventIds.add(id);
      return { attributeIds: [...attributeIds], eventIds: [...eventIds] };
    },
    waitingCount: () => view.waitingCount() + waitingAdded,
    wait(tag) {
      const list = waiting.get(tag.attributeId) ?? [];
      // One fact per tag, the latest; at the same time the removal.
      const known = [...list, ...view.waitingTags(tag.attributeId)].find(({ tagId }) => tagId === tag.tagId);
      if (known !== undefined && (known.atMs > tag.atMs || (known.atMs === tag.atMs && !known.attached))) return;
      if (known === undefined) waitingAdded += 1;
      waiting.set(tag.attributeId, [...list.filter(({ tagId }) => tagId !== tag.tagId), tag]);
    },
    takeWaiting(attributeId) {
      const stored = view.waitingTags(attributeId);
      if (stored.length > 0) taken.add(attributeId);
      const added = waiting.get(attributeId) ?? [];
      waiting.delete(attributeId);
      waitingAdded -= added.filter(({ tagId }) => !stored.some((tag) => tag.tagId === tagId)).length;
      return [...stored, ...added];
    },
    isDirty: (old) => dirty.has(old) || (!clean.has(old) && view.isDirty(old)),
    markDirty(entry) {
      markClean(entry.sequence);
      sequence += 1;
      dirty.set(sequence, entry.id);
      return { ...entry, sequence };
    },
    markClean,
    meta: () => ({ ...view.meta(), ...meta, sequence }),
    setMeta(part) {
      meta = { ...meta, ...part };
    },
    changes: () => ({
      entries: [...entries.values()].filter(({ before, after }) => before !== after).map(toChange),
      events: [...events.values()],
      tags: [...tags.values()],
      waiting: { added: [...waiting.values()].flat(), taken: [...taken] },
      dirty: [...dirty].map(([sequence, id]) => ({ sequence, id })),
      clean: [...clean],
      meta: { ...meta, sequence },
    }),
  };
}

function toChange({ before, after }: { before: IndexEntry | undefined; after: IndexEntry | undefined }) {
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}
