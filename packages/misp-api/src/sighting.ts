import { type Fields, isFields, readId, type SightingType } from "@tb/misp-core";
import { readInteger, readUuid } from "./read-fields.ts";

/** What every way of reporting a sighting says about it. */
export interface SightingContent {
  readonly type: SightingType;
  /** Whole seconds since the epoch, above 0. */
  readonly timestamp: number;
  /** Who saw it: at most 255 characters, none of them beyond U+FFFF, which MISP's column cannot hold. */
  readonly source?: string;
}

/** A sighting as MISP keeps it. */
export interface StoredSighting {
  readonly id: number;
  readonly uuid: string;
  readonly attributeId: number;
  readonly eventId: number;
  /** The organisation it is booked on: that of the key's user. */
  readonly orgId: number | undefined;
  readonly type: SightingType;
  readonly timestamp: number;
  readonly source: string;
}

/** 9999-12-31T23:59:59Z. MISP keeps milliseconds as they are, as a date in the year 58867 (recorded). */
const latestTimestamp = 253_402_300_799;

/** What MISP would refuse, answer with 500, or drop a whole batch for (recorded); undefined when nothing is wrong. */
export function describeProblem({ type, timestamp, source }: SightingContent): string | undefined {
  if (type !== 0 && type !== 1 && type !== 2) return `type is ${String(type)}; expected 0, 1 or 2`;
  if (!Number.isInteger(timestamp) || timestamp < 1 || timestamp > latestTimestamp) {
    return `timestamp is ${String(timestamp)}; expected whole seconds since the epoch`;
  }
  if (source === undefined) return undefined;
  if (source.length > 255) return `source has ${source.length} characters; MISP holds 255`;
  if (/[\ud800-\udfff]/.test(source)) return "source has a character beyond U+FFFF in it, such as an emoji";
  return undefined;
}

/** Reads `Sighting` out of an answer; undefined when it proves nothing. */
export function readSighting(fields: unknown): StoredSighting | undefined {
  if (!isFields(fields)) return undefined;
  const id = readId(fields["id"]);
  const uuid = readUuid(fields["uuid"]);
  const attributeId = readId(fields["attribute_id"]);
  const eventId = readId(fields["event_id"]);
  const type = readType(fields);
  const timestamp = readInteger(fields["date_sighting"]);
  if (id === undefined || uuid === undefined || attributeId === undefined || eventId === undefined) return undefined;
  if (type === undefined || timestamp === undefined) return undefined;
  const source = typeof fields["source"] === "string" ? fields["source"] : "";
  return { id, uuid, attributeId, eventId, orgId: readId(fields["org_id"]), type, timestamp, source };
}

function readType(fields: Fields): SightingType | undefined {
  const type = readInteger(fields["type"]);
  return type === 0 || type === 1 || type === 2 ? type : undefined;
}
