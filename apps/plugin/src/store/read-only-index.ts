import type { StoreView } from "@tb/misp-core";
import type { Database, RootDatabase } from "lmdb";
import { decodeEntry } from "./entry.ts";
import { createLmdbReads, openDatabases, readMeta, readWaitingTags } from "./lmdb-reads.ts";
import { type OpenedReadOnly, openReadOnly } from "./open-read-only.ts";

/** Opens the index in a state folder for reading, as {@link openReadOnly} does. */
export function openReadOnlyIndex(path: string): OpenedReadOnly<StoreView> {
  return openReadOnly(path, { name: "index", makeView });
}

function makeView(root: RootDatabase, metaDb: Database<unknown, string>): StoreView | undefined {
  const databases = openDatabases(root);
  // lmdb's types do not say that a database may be missing; the program makes them one after the other.
  // `due` came later: an older program's index is read without it, and nobody who only looks asks for it.
  const { due: _, ...needed } = databases;
  if (Object.values(needed).includes(undefined as never)) return undefined;
  return {
    ...createLmdbReads(databases, (id) => {
      const stored = databases.entries.get(id);
      return stored === undefined ? undefined : decodeEntry(stored);
    }),
    meta: () => readMeta(metaDb),
    waitingTags: (attributeId) => readWaitingTags(databases, attributeId),
    waitingCount: () => databases.waiting.getCount(),
  };
}
