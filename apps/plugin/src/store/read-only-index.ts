import type { StoreView } from "@tb/misp-core";
import type { Database, RootDatabase } from "lmdb";
import { decodeEntry } from "./entry.ts";
import { createLmdbReads, openDatabases, readMeta, readWaitingTags } from "./lmdb-reads.ts";
import { openReadOnly, type ReadOnly } from "./open-read-only.ts";

/** The index for who only looks at it, also while the program runs. */
export type ReadOnlyIndex = ReadOnly<StoreView>;

export type OpenedReadOnlyIndex =
  | { readonly ok: true; readonly index: ReadOnlyIndex }
  /** `absent`: there is no index yet; else it is there and cannot be read. `text` says what and why. */
  | { readonly ok: false; readonly absent: boolean; readonly text: string };

/** Opens the index in a state folder for reading, as {@link openReadOnly} does. */
export function openReadOnlyIndex(path: string): OpenedReadOnlyIndex {
  const result = openReadOnly(path, { name: "index", makeView });
  return result.ok ? { ok: true, index: result.opened } : result;
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
