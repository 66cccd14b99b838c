import { statSync } from "node:fs";
import { join } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";
import { checkFile } from "./check-file.ts";
import { fileOptions, readFormat } from "./lmdb-reads.ts";
import { toStoreError } from "./store-error.ts";

/** A part of the state folder for who only looks at it, also while the program runs. */
export interface ReadOnly<View> extends AsyncDisposable {
  /**
   * Runs `look` on one committed state, the latest. It has to be synchronous, and short: while it runs, the space of what the
   * program replaces cannot be used again. No snapshot is held between two looks: a process that was stopped or killed with one
   * made the store grow without bound (1.8 to 96 MB within 300 commits, measured).
   */
  read<T>(look: (view: View) => T): T;
}

export type OpenedReadOnly<View> =
  | { readonly ok: true; readonly reader: ReadOnly<View> }
  /** `absent`: there is none yet; else it is there and cannot be read. `text` says what and why. */
  | { readonly ok: false; readonly absent: boolean; readonly text: string };

/** A program that writes at this moment can make the file look cut off, its size having been read before its last page. */
const attempts = 3;

/**
 * Opens a state folder for reading: it makes nothing, changes nothing of what lies there and does not take the folder, so it works
 * beside the program. What LMDB writes is this reader's place in its table of readers (`lock.mdb`).
 *
 * @param part.name in texts, such as `index`
 * @param part.makeView undefined: the file has no such part yet
 */
export function openReadOnly<View>(
  path: string,
  part: {
    readonly name: string;
    makeView(root: RootDatabase, meta: Database<unknown, string>): View | undefined;
  },
): OpenedReadOnly<View> {
  const { name } = part;
  const absent = (text: string) => ({ ok: false, absent: true, text }) as const;
  try {
    // LMDB would make a folder and the table of readers, and the program could not open what another user has made.
    if (!isThere(join(path, "data.mdb"))) return absent(`there is no ${name} in ${path} yet`);
    if (!isThere(join(path, "lock.mdb"))) {
      return absent(`the ${name} in ${path} was never opened by the program where it is now (there is no lock.mdb)`);
    }
    checkRepeatedly(join(path, "data.mdb"));
    const root = open({ ...fileOptions, path, readOnly: true });
    try {
      const meta: Database<unknown, string> | undefined = root.openDB({ name: "meta" });
      const isFilled = meta !== undefined && readFormat(meta, path) !== undefined;
      const view = isFilled ? part.makeView(root, meta) : undefined;
      root.resetReadTxn();
      if (view !== undefined) return { ok: true, reader: createReadOnly(root, view) };
    } catch (error) {
      void root.close();
      throw error;
    }
    void root.close();
    return absent(`there is no ${name} in ${path} yet`);
  } catch (error) {
    const { code, message } = toStoreError(path, error);
    const text =
      code === "unwritable" ? `this user may not read the ${name} in ${path}: run this as the program's` : message;
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
      checkFile(file, { mend: false });
      return;
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

function createReadOnly<View>(root: RootDatabase, view: View): ReadOnly<View> {
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
