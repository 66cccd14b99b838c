import type { AttributeRow, Org, SightingRow } from "../rows.ts";
import { isRecord } from "./request.ts";
import { isEmpty } from "./search/terms.ts";

/** `request` and `Sighting` may be wrapped round what is meant. */
export function unwrap(data: unknown): unknown {
  const inner = isRecord(data) && "request" in data ? data["request"] : data;
  return isRecord(inner) && "Sighting" in inner ? inner["Sighting"] : inner;
}

/** 0 seen, 1 false positive, 2 expiration, as number or string; undefined: neither. */
export function parseType(value: unknown): number | undefined {
  return ["0", "1", "2"].includes(String(value)) ? Number(value) : undefined;
}

/** Epoch seconds; milliseconds are taken as they are (recorded). An ISO string and nothing at all are undefined. */
export function parseDate(value: unknown): number | undefined {
  return !isEmpty(value) && /^\d+(\.\d+)?$/.test(String(value)) ? Math.floor(Number(value)) : undefined;
}

/** The column takes 255 characters of three bytes at most; more of either is an internal error in MISP (recorded). */
export function fitsColumn(source: string): boolean {
  return source.length <= 255 && !/[\u{10000}-\u{10ffff}]/u.test(source);
}

/** `"2"` as a string replaces the organisation's earlier expirations of an attribute, the number 2 does not (recorded). */
export function replacedBy(type: unknown, attribute: AttributeRow, org: Org): SightingRow[] {
  return type === "2" ? attribute.sightings.filter((sighting) => sighting.type === 2 && sighting.org === org) : [];
}
