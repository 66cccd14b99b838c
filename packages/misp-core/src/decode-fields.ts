import type { Tag } from "./change.ts";
import { maxTimestamp } from "./timestamp.ts";

/** An object out of a message, of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

/** Why a message is refused; each is counted. */
export type RefusalReason =
  | "no_topic"
  | "too_large"
  | "too_deep"
  | "invalid_utf8"
  | "invalid_json"
  | "unknown_shape"
  | "unknown_action"
  | "invalid_id"
  | "invalid_uuid"
  | "invalid_timestamp"
  | "invalid_type"
  | "invalid_value"
  | "invalid_tag";

/** Thrown while a message or row is read, and never out of this package: a field deep down refuses the whole of it. */
export class Refusal {
  readonly reason: RefusalReason;
  readonly detail: string;
  constructor(reason: RefusalReason, detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}

/**
 * RFC 4122 shape and variant: python-stix2, which consumers parse with, refuses others, and the nil UUID. MISP stores lower
 * case; an imported one may be upper case.
 */
const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-9a-f][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
/** Far above MISP's 32-bit columns, and what index keys have room for. */
const maxId = 2 ** 48 - 1;
const digits = /^\d{1,16}$/;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A short excerpt of a hostile value for a log line: no control characters, no line breaks, at most 60 characters. */
export function excerpt(value: unknown): string {
  const text = typeof value === "string" ? value.slice(0, 80) : value === undefined ? "nothing" : kindOf(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/g, "�");
  return plain.length > 60 ? `${plain.slice(0, 60)}…` : plain;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value === null) return "null";
  return typeof value === "object" ? "an object" : String(value);
}

/** A positive integer, as MISP's ids: a string by default, an integer on some installations. */
export function readId(value: unknown): number | undefined {
  const id = typeof value === "number" ? value : typeof value === "string" && digits.test(value) ? Number(value) : 0;
  return Number.isInteger(id) && id > 0 && id <= maxId ? id : undefined;
}

export function requireId(value: unknown, where: string): number {
  const id = readId(value);
  if (id === undefined) throw new Refusal("invalid_id", `${where} is ${excerpt(value)}, not a positive integer`);
  return id;
}

/** Lower case, or undefined when it is none. */
export function readUuid(value: unknown): string | undefined {
  return typeof value === "string" && uuidShape.test(value) ? value.toLowerCase() : undefined;
}

export function requireUuid(value: unknown, where: string): string {
  const uuid = readUuid(value);
  if (uuid === undefined) throw new Refusal("invalid_uuid", `${where} is ${excerpt(value)}, not an RFC 4122 UUID`);
  return uuid;
}

/** Whole seconds since the epoch. */
export function requireTimestamp(value: unknown, where: string): number {
  const seconds =
    typeof value === "number" ? value : typeof value === "string" && digits.test(value) ? Number(value) : -1;
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= maxTimestamp) return seconds;
  throw new Refusal("invalid_timestamp", `${where} is ${excerpt(value)}, not whole seconds since the epoch`);
}

/** MISP writes booleans as true, 1 or "1". Everything else is false: absent and null too. */
export function readBoolean(value: unknown): boolean {
  return value === true || value === 1 || value === "1";
}

/** As `readBoolean`, but absent and null stay unknown. */
export function readOptionalBoolean(value: unknown): boolean | undefined {
  return value === undefined || value === null ? undefined : readBoolean(value);
}

/** A string, or undefined. A lone surrogate cannot be written as UTF-8, so such a text is none. */
export function readText(value: unknown): string | undefined {
  return typeof value === "string" && value.isWellFormed() ? value : undefined;
}

/** A tag as lists and tag messages carry it; undefined when id or name is missing. */
export function readTag(value: unknown): Tag | undefined {
  if (!isFields(value)) return undefined;
  const id = readId(value["id"]);
  const name = readText(value["name"]);
  if (id === undefined || name === undefined || name === "") return undefined;
  const exportable = readOptionalBoolean(value["exportable"]);
  const local = readOptionalBoolean(value["local"]);
  return { id, name, ...(exportable === undefined ? {} : { exportable }), ...(local === undefined ? {} : { local }) };
}
