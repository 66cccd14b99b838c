import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
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
 *
 * @param mend may make a file that is too short, and lacks nothing, as long as it says it is
 */
export function checkFile(path: string, { mend }: { readonly mend: boolean }): void {
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
    if (BigInt(size) >= needed) return;
    if (!canBeRead(path)) throw damaged(path, `it has ${size} bytes of ${needed}: it was cut off`);
    // What is missing holds nothing; with it there, nothing that LMDB may look at can end the process.
    if (mend) truncateSync(path, Number(needed));
  } finally {
    closeSync(file);
  }
}

/**
 * A file that is too short need not be cut off: LMDB counts pages that a transaction took at the end and gave back before it was
 * written, and never writes them (seen once in 25 kills, by one page). So everything that is stored is read, in a process of its own,
 * which dies of a page that is not there.
 */
function canBeRead(path: string): boolean {
  const script = `
    const [, lmdb, path] = process.argv;
    const raw = { encoding: "binary", keyEncoding: "binary" };
    const root = require(lmdb).open({ path, readOnly: true, maxDbs: 64, ...raw });
    for (const name of [...root.getKeys()]) {
      const database = root.openDB({ name: name.toString().replace(/\\0$/, ""), ...raw });
      for (const { value } of database.getRange()) if (value === undefined) process.exit(1);
    }
    process.exit(0);`;
  const lmdb = createRequire(import.meta.url).resolve("lmdb");
  const parameters = ["-e", script, lmdb, dirname(path)];
  return spawnSync(process.execPath, parameters, { stdio: "ignore" }).status === 0;
}

function readMeta(file: number, offset: number, size: number): Meta | undefined {
  const bytes = Buffer.alloc(metaBytes);
  if (offset + metaBytes > size || readSync(file, bytes, 0, metaBytes, offset) < metaBytes) return undefined;
  const pageSize = bytes.readUInt32LE(pageSizeAt);
  const plausible = pageSize >= 512 && pageSize <= 65_536 && (pageSize & (pageSize - 1)) === 0;
  if (bytes.readUInt32LE(magicAt) !== magic || !plausible) return undefined;
  return { pageSize, lastPage: bytes.readBigUInt64LE(lastPageAt), transaction: bytes.readBigUInt64LE(transactionAt) };
}
