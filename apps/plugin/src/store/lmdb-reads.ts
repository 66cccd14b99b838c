import {
  type EventContext,
  emptyMeta,
  type IndexEntry,
  type Lineage,
  type StoreMeta,
  type StoreView,
  type TagDefinition,
  type WaitingTag,
} from "@tb/misp-core";
import type { Database, RootDatabase } from "lmdb";
import { decodeEntry, type StoredEntry } from "./entry.ts";
import { idOfPatternKey, patternRange, uuidKey } from "./keys.ts";
import { StoreError } from "./store-error.ts";

/** Raised when what an older program wrote can no longer be read, or the other way round. */
export const format = 1;

/** How LMDB opens the file, for the one that writes and for those that only read. */
export const fileOptions = {
  maxDbs: 16,
  /** Virtual: the file grows as it fills. LMDB cannot grow a map while another transaction reads. */
  mapSize: 256 * 1024 ** 3,
  /** Durable when the promise of a commit resolves: with overlappingSync it would resolve before the disk has it. */
  overlappingSync: false,
} as const;

/** What carries a tag. */
export type Kind = "attribute" | "event";

/** The databases in the file, but `meta`. */
export interface Databases {
  readonly entries: Database<StoredEntry, number>;
  readonly uuids: Database<number | readonly [createdMs: number, modifiedMs: number], Buffer>;
  readonly events: Database<EventContext, number>;
  readonly idsByEvent: Database<true, [eventId: number, id: number]>;
  readonly patterns: Database<true, Buffer>;
  readonly tags: Database<TagDefinition, number>;
  readonly tagged: Database<true, [tagId: number, kind: Kind, id: number]>;
  readonly waiting: Database<WaitingTag, [attributeId: number, tagId: number]>;
  readonly dirty: Database<number, number>;
  readonly removed: Database<true, [withdrawnAtMs: number, id: number]>;
  readonly due: Database<true, [dueAtMs: number, id: number]>;
}

/** Opens them, and makes them where the file is open for writing; else those that are not there are undefined. */
export function openDatabases(root: RootDatabase): Databases {
  return {
    entries: root.openDB({ name: "entries" }),
    uuids: root.openDB({ name: "uuids", keyEncoding: "binary" }),
    events: root.openDB({ name: "events" }),
    idsByEvent: root.openDB({ name: "ids-by-event" }),
    patterns: root.openDB({ name: "patterns", keyEncoding: "binary" }),
    tags: root.openDB({ name: "tags" }),
    tagged: root.openDB({ name: "tagged" }),
    waiting: root.openDB({ name: "waiting" }),
    dirty: root.openDB({ name: "dirty" }),
    removed: root.openDB({ name: "removed" }),
    due: root.openDB({ name: "due" }),
  };
}

/** The format that the file was written in; undefined in a new one. Throws {@link StoreError} when it is newer than this program. */
export function readFormat(metaDb: Database<unknown, string>, path: string): number | undefined {
  const written = metaDb.get("format") as number | undefined;
  if (written === undefined || written <= format) return written;
  throw new StoreError(
    "newer_format",
    `the state folder ${path} was written by a newer version of this program (format ${written}, this one knows ${format}): install that version again. Nothing was changed`,
  );
}

export function readMeta(metaDb: Database<unknown, string>): StoreMeta {
  return { ...emptyMeta, ...(metaDb.get("index") as Partial<StoreMeta> | undefined) };
}

export function readWaitingTags({ waiting }: Databases, attributeId: number): readonly WaitingTag[] {
  return [...waiting.getRange({ start: [attributeId, 0], end: [attributeId + 1, 0] }).map(({ value }) => value)];
}

/** Reads that need nothing but the file. */
export function createLmdbReads(
  databases: Databases,
  readEntry: (id: number) => IndexEntry | undefined,
): Omit<StoreView, "meta" | "waitingTags" | "waitingCount"> {
  const { entries, uuids, events, idsByEvent, patterns, tags, tagged, dirty, removed, due } = databases;
  return {
    entry: readEntry,
    byUuid(uuid): { id: number } | Lineage | undefined {
      const known = uuids.get(uuidKey(uuid));
      if (known === undefined) return undefined;
      return typeof known === "number" ? { id: known } : { createdMs: known[0], modifiedMs: known[1] };
    },
    event: (id) => events.get(id),
    idsOfEvent: (eventId) => [
      ...idsByEvent.getKeys({ start: [eventId, 0], end: [eventId + 1, 0] }).map(([, id]) => id),
    ],
    eventsAfter: (afterId, limit) => [...events.getRange({ start: afterId + 1, limit }).map(({ value }) => value)],
    tagDefinition: (id) => tags.get(id),
    tagDefinitions: () => tags.getRange().map(({ value }) => value),
    taggedWith(tagId) {
      const ids = (kind: Kind) => [
        ...tagged
          .getKeys({ start: [tagId, kind, 0], end: [tagId, kind, Number.POSITIVE_INFINITY] })
          .map(([, , id]) => id),
      ];
      return { attributeIds: ids("attribute"), eventIds: ids("event") };
    },
    *liveIdsWithPattern(pattern) {
      for (const key of patterns.getKeys(patternRange(pattern))) {
        const id = idOfPatternKey(key);
        if (readEntry(id)?.announced?.pattern === pattern) yield id;
      }
    },
    isDirty: (sequence) => sequence > 0 && dirty.doesExist(sequence),
    dirtyAfter: (sequence, limit) => [
      ...dirty.getRange({ start: sequence + 1, limit }).map(({ key, value }) => ({ sequence: key, id: value })),
    ],
    entriesAfter: (afterId, limit) => [
      ...entries.getRange({ start: afterId + 1, limit }).map(({ value }) => decodeEntry(value)),
    ],
    removedBetween: (fromMs, toMs, limit) => [
      ...removed.getKeys({ start: [fromMs, 0], end: [toMs, 0], limit }).map(([, id]) => id),
    ],
    dueBetween: (fromMs, toMs, limit) => [
      ...due.getKeys({ start: [fromMs, 0], end: [toMs, 0], limit }).map(([, id]) => id),
    ],
  };
}
