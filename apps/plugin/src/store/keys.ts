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

const uuidShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A text whose {@link uuidKey} gives it back: keys of anything else could be empty, or another's. */
export function isUuid(text: string): boolean {
  return uuidShape.test(text);
}

export function uuidOfKey(key: Buffer, offset = 0): string {
  const digits = key.toString("hex", offset, offset + uuidBytes);
  return [0, 8, 12, 16, 20].map((start, part) => digits.slice(start, [8, 12, 16, 20, 32][part])).join("-");
}

const timeBytes = 8;
const uuidBytes = 16;

/** Keys that lie in the order of a time, which must not be negative: only then do the bytes of numbers sort as numbers do. */
export function timeKey(timeMs: number, uuid: string): Buffer {
  const key = Buffer.alloc(timeBytes + uuidBytes);
  key.writeDoubleBE(Math.abs(timeMs));
  uuidKey(uuid).copy(key, timeBytes);
  return key;
}

export function uuidOfTimeKey(key: Buffer): string {
  return uuidOfKey(key, timeBytes);
}
