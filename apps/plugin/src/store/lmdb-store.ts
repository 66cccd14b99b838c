import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type IndexEntry,
  type Store,
  type StoreChanges,
  type StoreMeta,
  type TagSet,
  type WaitingTag,
  withdrawnAtMs,
} from "@tb/misp-core";
import { type Database, open, type RootDatabase } from "lmdb";
import { checkFile } from "./check-file.ts";
import { createDurableWrites } from "./durable-writes.ts";
import { decodeEntry, encodeEntry } from "./entry.ts";
import { patternKey, uuidKey } from "./keys.ts";
import { createLmdbOutbox, type LmdbOutbox } from "./lmdb-outbox.ts";
import {
  createLmdbReads,
  fileOptions,
  format,
  type Kind,
  openDatabases,
  readFormat,
  readMeta,
  readWaitingTags,
} from "./lmdb-reads.ts";
import { takeOwnership } from "./lock.ts";
import { openOutboxDatabases } from "./outbox-reads.ts";
import { toStoreError } from "./store-error.ts";

/** What lies in the state folder: the index, and sightings on their way to MISP. Disposing it closes both. */
export interface LmdbStore extends Store {
  /** Its commits and the index's may be under way at the same time. */
  readonly outbox: LmdbOutbox;
}

/** Index and outbox in LMDB: one file in the state folder, one process. Throws {@link StoreError}. */
export async function openLmdbStore({ path }: { readonly path: string }): Promise<LmdbStore> {
  const root = openFolder(path);
  try {
    return createStore(root, path);
  } catch (error) {
    await root.close();
    throw toStoreError(path, error);
  }
}

/** Opens or makes the files, for their owner's eyes alone whatever the umask says. */
function openFolder(path: string): RootDatabase {
  const umask = process.umask(0o077);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    checkFile(join(path, "data.mdb"), { mend: true });
    return open({ path, ...fileOptions });
  } catch (error) {
    throw toStoreError(path, error);
  } finally {
    process.umask(umask);
  }
}

function createStore(root: RootDatabase, path: string): LmdbStore {
  const metaDb: Database<unknown, string> = root.openDB({ name: "meta" });
  const written = readFormat(metaDb, path);
  const release = takeOwnership(metaDb, path);
  if (written === undefined) metaDb.putSync("format", format);

  const databases = openDatabases(root);
  const { entries, uuids, events, idsByEvent, patterns, tags, tagged, waiting, dirty, removed, due } = databases;

  let meta: StoreMeta = readMeta(metaDb);
  let waitingCount = waiting.getCount();
  let closed = false;

  const writes = createDurableWrites(root, path);
  const outboxDatabases = openOutboxDatabases(root);
  if (outboxDatabases === undefined) throw new Error("the outbox's databases could not be made");
  const outbox = createLmdbOutbox(outboxDatabases, writes);

  // MISP's ids grow: most attributes that are asked for first are new, and need no search.
  let [highestId = 0] = entries.getKeys({ reverse: true, limit: 1 });
  /** What the last commit wrote: it is published next, and need not be decoded for that. Entries never change. */
  let recent = new Map<number, IndexEntry | undefined>();

  const readEntry = (id: number): IndexEntry | undefined => {
    if (id > highestId) return undefined;
    if (recent.has(id)) return recent.get(id);
    const stored = entries.get(id);
    return stored === undefined ? undefined : decodeEntry(stored);
  };

  const writeTagKeys = (kind: Kind, id: number, before: TagSet | undefined, after: TagSet | undefined) => {
    if (before === after) return;
    const had = new Set(before?.attached.map((tag) => tag.id));
    for (const tag of after?.attached ?? []) if (!had.delete(tag.id)) tagged.put([tag.id, kind, id], true);
    for (const tagId of had) tagged.remove([tagId, kind, id]);
  };

  const writeEntry = (before: IndexEntry | undefined, after: IndexEntry | undefined) => {
    const id = (after ?? before)?.id;
    if (id === undefined) return;
    if (after !== undefined) entries.put(id, encodeEntry(after));
    else entries.remove(id);

    if (before === undefined && after !== undefined) {
      idsByEvent.put([after.eventId, id], true);
      uuids.put(uuidKey(after.uuid), id);
    } else if (after === undefined && before !== undefined) {
      idsByEvent.remove([before.eventId, id]);
      const key = uuidKey(before.uuid);
      if (uuids.get(key) === id) uuids.put(key, [before.createdMs, before.modifiedMs]);
    }

    const oldPattern = before?.live ? before.announced?.pattern : undefined;
    const newPattern = after?.live ? after.announced?.pattern : undefined;
    if (oldPattern !== newPattern) {
      if (oldPattern !== undefined) patterns.remove(patternKey(oldPattern, id));
      if (newPattern !== undefined) patterns.put(patternKey(newPattern, id), true);
    }

    const oldRemoved = before === undefined ? 0 : withdrawnAtMs(before);
    const newRemoved = after === undefined ? 0 : withdrawnAtMs(after);
    if (oldRemoved !== newRemoved) {
      if (oldRemoved > 0) removed.remove([oldRemoved, id]);
      if (newRemoved > 0) removed.put([newRemoved, id], true);
    }

    const oldDue = before?.dueAtMs ?? 0;
    const newDue = after?.dueAtMs ?? 0;
    if (oldDue !== newDue) {
      if (oldDue !== 0) due.remove([oldDue, id]);
      if (newDue !== 0) due.put([newDue, id], true);
    }
    writeTagKeys("attribute", id, before?.tags, after?.tags);
  };

  const writeAll = (changes: StoreChanges, nextMeta: StoreMeta) => {
    for (const { before, after } of changes.entries) writeEntry(before, after);
    for (const event of changes.events) {
      writeTagKeys("event", event.id, events.get(event.id)?.tags, event.tags);
      events.put(event.id, event);
    }
    for (const tag of changes.tags) tags.put(tag.id, tag);
    for (const attributeId of changes.waiting.taken) {
      for (const tag of waitingTags(attributeId)) waiting.remove([attributeId, tag.tagId]);
    }
    for (const tag of changes.waiting.added) waiting.put([tag.attributeId, tag.tagId], tag);
    for (const sequence of changes.clean) dirty.remove(sequence);
    for (const { sequence, id } of changes.dirty) dirty.put(sequence, id);
    metaDb.put("index", nextMeta);
  };

  const waitingTags = (attributeId: number): readonly WaitingTag[] =>
    // Most of the time nothing waits: not worth a search per attribute.
    waitingCount === 0 ? [] : readWaitingTags(databases, attributeId);

  return {
    ...createLmdbReads(databases, readEntry),
    outbox,
    meta: () => meta,
    waitingTags,
    waitingCount: () => waitingCount,
    async commit(changes) {
      const nextMeta = { ...meta, ...changes.meta };
      await writes.write(() => writeAll(changes, nextMeta));
      meta = nextMeta;
      recent = new Map(changes.entries.map(({ before, after }) => [(after ?? before)?.id ?? 0, after]));
      for (const { after } of changes.entries) if (after !== undefined && after.id > highestId) highestId = after.id;
      if (changes.waiting.added.length > 0 || changes.waiting.taken.length > 0) waitingCount = waiting.getCount();
    },
    async expireWaiting(beforeMs) {
      const expired = [
        ...waiting
          .getRange()
          .filter(({ value }) => value.atMs < beforeMs)
          .map(({ key }) => key),
      ];
      await writes.write(() => {
        for (const key of expired) waiting.remove(key);
      });
      waitingCount = waiting.getCount();
      return expired.length;
    },
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      // Nobody else may take the folder before what is under way is durable.
      await writes.settled();
      release();
      await root.close();
    },
  };
}
