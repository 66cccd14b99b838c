import { statSync } from "node:fs";
import { join } from "node:path";
import type { StoreView } from "@tb/misp-core";
import { type Database, open, type RootDatabase } from "lmdb";
import { checkFile } from "./check-file.ts";
import { decodeEntry } from "./entry.ts";
import { createLmdbReads, fileOptions, openDatabases, readFormat, readMeta, readWaitingTags } from "./lmdb-reads.ts";
import { toStoreError } from "./store-error.ts";

/** The index for who only looks at it, also while the program runs. */
export interface ReadOnlyIndex extends AsyncDisposable {
  /**
   * Runs `look` on one committed state, the latest. It has to be synchronous, and short: while it runs, the space of what the
   * program replaces cannot be used again. No snapshot is held between two looks: a process that was stopped or killed with one
   * made the store grow without bound (1.8 to 96 MB within 300 commits, measured).
   */
  read<T>(look: (view: StoreView) => T): T;
}

export type OpenedReadOnly =
  | { readonly ok: true; readonly index: ReadOnlyIndex }
  /** `absent`: there is no index yet; else it is there and cannot be read. `text` says what and why. */
  | { readonly ok: false; readonly absent: boolean; readonly text: string };

/** A program that writes at this moment can make the file look cut off, its size having been read before its last page. */
const attempts = 3;

/**
 * Opens the index in a state folder for reading: it makes nothing, changes nothing in the index and does not take the folder, so it
 * works beside the program. What LMDB writes is this reader's place in its table of readers (`lock.mdb`).
 */
export function openReadOnlyIndex(path: string): OpenedReadOnly {
  const absent = (text: string) => ({ ok: false, absent: true, text }) as const;
  try {
    // LMDB would make a folder and the table of readers, and the program could not open what another user has made.
    if (!isThere(join(path, "data.mdb"))) return absent(`there is no index in ${path} yet`);
    if (!isThere(join(path, "lock.mdb"))) {
      return absent(`the index in ${path} was never opened by the program where it is now (there is no lock.mdb)`);
    }
    checkRepeatedly(join(path, "data.mdb"));
    const root = open({ ...fileOptions, path, readOnly: true });
    try {
      const index = createIndex(root, path);
      root.resetReadTxn();
      if (index !== undefined) return { ok: true, index };
    } catch (error) {
      void root.close();
      throw error;
    }
    void root.close();
    return absent(`there is no index in ${path} yet`);
  } catch (error) {
    const { code, message } = toStoreError(path, error);
    const text =
      code === "unwritable" ? `this user may not read the index in ${path}: run this as the program's` : message;
    return { ok: false, absent: false, text };
  }
}

/** Throws when nobody may know, which is not the same as no. */
function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

function checkRepeatedly(file: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      checkFile(file);
      return;
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

function createIndex(root: RootDatabase, path: string): ReadOnlyIndex | undefined {
  const metaDb: Database<unknown, string> | undefined = root.openDB({ name: "meta" });
  if (metaDb === undefined || readFormat(metaDb, path) === undefined) return undefined;
  const databases = openDatabases(root);
  // lmdb's types do not say that a database may be missing; the program makes them one after the other.
  if (Object.values(databases).includes(undefined as never)) return undefined;

  const view: StoreView = {
    ...createLmdbReads(databases, (id) => {
      const stored = databases.entries.get(id);
      return stored === undefined ? undefined : decodeEntry(stored);
    }),
    meta: () => readMeta(metaDb),
    waitingTags: (attributeId) => readWaitingTags(databases, attributeId),
    waitingCount: () => databases.waiting.getCount(),
  };
  return {
    read(look) {
      root.resetReadTxn();
      try {
        return look(view);
      } finally {
        root.resetReadTxn();
      }
    },
    [Symbol.asyncDispose]: () => root.close(),
  };
}
