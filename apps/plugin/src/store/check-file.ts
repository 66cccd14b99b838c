import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { damaged } from "./store-error.ts";

/** Offsets in an LMDB meta page (a 24-byte page header, then MDB_meta), as lmdb 3.5.6 writes it; pinned by its test. */
const magicAt = 24;
const magic = 0xbeefc0de;
const pageSizeAt = 48;
const lastPageAt = 144;
const transactionAt = 152;
const metaBytes = 160;

interface Meta {
  readonly pageSize: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

/**
 * Looks at a store's file before LMDB maps it: touching a page beyond the end of a truncated file ends the process with
 * SIGBUS, and no error could be reported. A file that does not exist is fine.
 */
export function checkFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isFile()) throw damaged(path, "it is not a file");
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const first = readMeta(file, 0, size);
    const second = first === undefined ? undefined : readMeta(file, first.pageSize, size);
    if (first === undefined || second === undefined) throw damaged(path, "it does not begin as an LMDB file does");
    const latest = second.transaction > first.transaction ? second : first;
    const needed = (latest.lastPage + 1n) * BigInt(latest.pageSize);
    // Before the first transaction the file has its two meta pages and nothing else.
    if (BigInt(size) < needed) throw damaged(path, `it has ${size} bytes of ${needed}: it was cut off`);
  } finally {
    closeSync(file);
  }
}

function readMeta(file: number, offset: number, size: number): Meta | undefined {
  const bytes = Buffer.alloc(metaBytes);
  if (offset + metaBytes > size || readSync(file, bytes, 0, metaBytes, offset) < metaBytes) return undefined;
  const pageSize = bytes.readUInt32LE(pageSizeAt);
  const plausible = pageSize >= 512 && pageSize <= 65_536 && (pageSize & (pageSize - 1)) === 0;
  if (bytes.readUInt32LE(magicAt) !== magic || !plausible) return undefined;
  return { pageSize, lastPage: bytes.readBigUInt64LE(lastPageAt), transaction: bytes.readBigUInt64LE(transactionAt) };
}
