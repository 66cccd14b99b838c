import { statfsSync } from "node:fs";

/** What can be wrong with the state folder. */
export type StoreErrorCode = "locked" | "newer_format" | "damaged" | "unwritable" | "no_space" | "failed";

/** A state folder that cannot be used, or a transaction that could not be made durable. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  /** The same call can succeed later, without anybody mending anything here. */
  readonly retryable: boolean;
  constructor(code: StoreErrorCode, message: string, options: ErrorOptions = {}) {
    super(`${message} (${code})`, options);
    this.code = code;
    this.retryable = code === "locked" || code === "no_space";
  }
}

/** More than one transaction needs. */
const littleBytes = 64 * 1024 * 1024;

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/** Tells what a failure of the file system or of LMDB means for a person. */
export function toStoreError(path: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error ? String((cause as NodeJS.ErrnoException).code ?? "") : "";
  // LMDB takes a write that was cut short for an input/output error: then there is no space left.
  const cutShort = /Input\/output error/.test(text) && freeBytes(path) < littleBytes;
  if (cutShort || code === "ENOSPC" || code === "EDQUOT" || /No space left|quota exceeded|MDB_MAP_FULL/i.test(text)) {
    return new StoreError(
      "no_space",
      `no space left for the state folder ${path}: make room and start again; what was committed is kept`,
      { cause },
    );
  }
  if (["EACCES", "EPERM", "EROFS"].includes(code) || /Permission denied|Read-only file system/i.test(text)) {
    return new StoreError(
      "unwritable",
      `the state folder ${path} cannot be written: give this user the right to, or set state.path`,
      { cause },
    );
  }
  if (/MDB_CORRUPTED|MDB_INVALID|MDB_PAGE_NOTFOUND|MDB_PANIC|MDB_VERSION_MISMATCH|corrupt/i.test(text)) {
    return damaged(path, text, cause);
  }
  return new StoreError("failed", `the state folder ${path} cannot be used: ${text}`, { cause });
}

/** A damaged store is reported and left as it is: only a person can say that it may go. */
export function damaged(path: string, what: string, cause?: unknown): StoreError {
  return new StoreError(
    "damaged",
    `the state in ${path} is damaged: ${what}. Nothing was changed. Restore it from a backup, or move it away: ` +
      "the program then starts with an empty index, and consumers keep what was announced until MISP mentions it again",
    cause === undefined ? {} : { cause },
  );
}
