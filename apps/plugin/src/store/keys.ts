import { hash } from "node:crypto";

/** 16 bytes: a quarter of the text. */
export function uuidKey(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll("-", ""), "hex");
}

const prefixBytes = 8;
const idBytes = 6;

/** The first half of a pattern's keys: 8 bytes of a hash, since patterns may be longer than LMDB's keys. Two patterns may share it. */
function patternPrefix(pattern: string): Buffer {
  return hash("sha1", pattern, "buffer").subarray(0, prefixBytes);
}

export function patternKey(pattern: string, id: number): Buffer {
  const key = Buffer.alloc(prefixBytes + idBytes);
  patternPrefix(pattern).copy(key);
  // Big-endian, so that ids of one pattern lie in order; MISP's ids are far below 2^48.
  key.writeUIntBE(id, prefixBytes, idBytes);
  return key;
}

/** The range that holds all keys of a pattern: from inclusive, to exclusive. */
export function patternRange(pattern: string): { readonly start: Buffer; readonly end: Buffer } {
  const start = patternKey(pattern, 0);
  const end = Buffer.alloc(prefixBytes + idBytes, 0xff);
  start.copy(end, 0, 0, prefixBytes);
  return { start, end };
}

export function idOfPatternKey(key: Buffer): number {
  return key.readUIntBE(prefixBytes, idBytes);
}
