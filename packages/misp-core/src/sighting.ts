import { excerpt, type Fields, isFields, readText, readUuid } from "./decode-fields.ts";
import { parseStixTimestamp } from "./parse-timestamp.ts";

/** MISP's kinds of sightings: 0 seen, 1 false positive, 2 the attribute expires. */
export type SightingType = 0 | 1 | 2;

/** What was sighted: an attribute, or whatever attributes hold a value. */
export type SightingTarget =
  | {
      /** Lower case: MISP compares it byte by byte. */
      readonly attributeUuid: string;
      /** MISP's numeric event id, where it is known. */
      readonly eventId?: number;
    }
  | { readonly value: string };

/** A STIX 2.1 Sighting that a detection tool reports, as far as MISP can hold it. */
export interface Sighting {
  /** Of the STIX id, lower case. */
  readonly uuid: string;
  /** A value only from a tool that lost the reference to the indicator. */
  readonly target: SightingTarget;
  readonly type: SightingType;
  /** When it was seen, milliseconds since the epoch, never before 1970-01-01T00:00:01Z. */
  readonly observedAtMs: number;
  /** How often it was seen; 0: it was looked for and not found. */
  readonly count: number;
  /** What can go into MISP's `source`; absent when the tool did not say it. */
  readonly hints: {
    /** `x_threatbus_source` */
    readonly source?: string;
    /** `x_threatbus_match_type`: `LIVE` or `RETRO` in the tools that are known */
    readonly matchType?: string;
    readonly description?: string;
  };
}

/** Why a sighting is refused; each is counted. */
export type SightingRefusalReason =
  | "not_a_sighting"
  | "invalid_id"
  | "revoked"
  /** It is about something else than an indicator. */
  | "unsupported_reference"
  | "invalid_reference"
  /** The tool lost the reference to the indicator, and gave no usable value either. */
  | "lost_reference"
  | "invalid_timestamp"
  | "invalid_count"
  | "invalid_type";

export type ParsedSighting =
  | { readonly ok: true; readonly sighting: Sighting }
  | { readonly ok: false; readonly reason: SightingRefusalReason; readonly detail: string };

/** What VAST's live matcher refers to when it lost the indicator's id. */
const lostReference = "note--00000000-0000-4000-8000-000000000000";
/** STIX 2.1, section 5.2: at most 999,999,999. */
const maxCount = 999_999_999;
/** MISP keeps an attribute's value in a `text` column. */
const maxValueLength = 65_535;
/** MISP's own names (`Sighting::$type`) and its numbers. */
const types = new Map<unknown, SightingType>([
  ["sighting", 0],
  ["false-positive", 1],
  ["expiration", 2],
  ...([0, 1, 2] as const).flatMap((type): [unknown, SightingType][] => [
    [type, type],
    [String(type), type],
  ]),
]);

/**
 * Reads a STIX 2.1 Sighting of an indicator. Never throws, whatever the object.
 *
 * The time is `last_seen`, else `first_seen`, else `created`, which only says when the object was built. The type is
 * `x_misp_sighting_type`, our own convention since STIX sightings have no such thing and opinions do not travel over Threat Bus:
 * `sighting` (also when absent), `false-positive`, `expiration`, or MISP's numbers for them.
 */
export function parseSighting(object: unknown): ParsedSighting {
  if (!isFields(object) || object["type"] !== "sighting") {
    const found = isFields(object) ? `type is ${excerpt(object["type"])}` : excerpt(object);
    return refuse("not_a_sighting", `${found}, where a STIX object of type "sighting" belongs`);
  }
  const uuid = readReference(object["id"], "sighting--");
  if (uuid === undefined) {
    return refuse("invalid_id", `id is ${excerpt(object["id"])}, not sighting-- and an RFC 4122 UUID`);
  }
  // The tool takes its sighting back. MISP must not hear of a new one.
  if (object["revoked"] === true) return refuse("revoked", `sighting--${uuid} is revoked`);
  const target = readTarget(object);
  if (!target.ok) return target;
  const time = readTime(object);
  if (!time.ok) return time;
  const type = types.get(object["x_misp_sighting_type"] ?? 0);
  if (type === undefined) {
    const found = excerpt(object["x_misp_sighting_type"]);
    return refuse(
      "invalid_type",
      `x_misp_sighting_type is ${found}; write "sighting", "false-positive" or "expiration"`,
    );
  }
  const count = object["count"] ?? 1;
  if (typeof count !== "number" || !Number.isInteger(count) || count < 0 || count > maxCount) {
    return refuse("invalid_count", `count is ${excerpt(object["count"])}, not an integer from 0 to ${maxCount}`);
  }
  return {
    ok: true,
    sighting: { uuid, target: target.target, type, observedAtMs: time.ms, count, hints: readHints(object) },
  };
}

function refuse(reason: SightingRefusalReason, detail: string) {
  return { ok: false, reason, detail } as const;
}

function readReference(value: unknown, prefix: string): string | undefined {
  return typeof value === "string" && value.startsWith(prefix) ? readUuid(value.slice(prefix.length)) : undefined;
}

function readTarget(object: Fields) {
  const reference = object["sighting_of_ref"];
  if (reference === lostReference) {
    const value = readText(object["x_threatbus_indicator_value"])?.trim();
    if (value !== undefined && value !== "" && value.length <= maxValueLength) {
      return { ok: true, target: { value } } as const;
    }
    const found = excerpt(object["x_threatbus_indicator_value"]);
    return refuse("lost_reference", `the indicator's id was lost, and x_threatbus_indicator_value is ${found}`);
  }
  if (typeof reference !== "string" || !reference.startsWith("indicator--")) {
    return refuse("unsupported_reference", `sighting_of_ref is ${excerpt(reference)}, not the id of an indicator`);
  }
  const attributeUuid = readReference(reference, "indicator--");
  if (attributeUuid !== undefined) return { ok: true, target: { attributeUuid } } as const;
  return refuse("invalid_reference", `sighting_of_ref is ${excerpt(reference)}, without an RFC 4122 UUID`);
}

/** The first time that is there decides: a later one would say something else than the tool meant. */
function readTime(object: Fields) {
  const property = ["last_seen", "first_seen", "created"].find((name) => (object[name] ?? undefined) !== undefined);
  if (property === undefined) return refuse("invalid_timestamp", "none of last_seen, first_seen and created is there");
  const ms = parseStixTimestamp(object[property]);
  // MISP drops a whole batch of sightings when one has the time 0 (recorded).
  if (ms === undefined || ms < 1000) {
    return refuse("invalid_timestamp", `${property} is ${excerpt(object[property])}, not a time since 1970`);
  }
  return { ok: true, ms } as const;
}

function readHints(object: Fields): Sighting["hints"] {
  const source = readText(object["x_threatbus_source"]);
  const matchType = readText(object["x_threatbus_match_type"]);
  const description = readText(object["description"]);
  return {
    ...(source === undefined ? {} : { source }),
    ...(matchType === undefined ? {} : { matchType }),
    ...(description === undefined ? {} : { description }),
  };
}
