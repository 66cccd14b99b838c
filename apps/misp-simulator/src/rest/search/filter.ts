import { splitValue } from "../../messages/attribute-message.ts";
import type { Json } from "../../messages/json.ts";
import type { AttributeRow, EventRow } from "../../rows.ts";
import { exactly, isEmpty, like, parseTerms, passes, type Terms } from "./terms.ts";
import { parseWindow, within } from "./window.ts";

/** A restSearch filter, taken apart. Keys that are not read here let everything through, as MISP does with unknown ones. */
export interface SearchFilter {
  event(row: EventRow): boolean;
  attribute(row: AttributeRow): boolean;
  /** Some condition is about attributes: events are then found by those. */
  readonly narrowsAttributes: boolean;
  /** Ids and uuids of the events asked for: read these instead of all. */
  readonly events: readonly string[];
  /** Uuids asked for. */
  readonly uuids: readonly string[];
}

type Deleted = "live" | "deleted" | "both" | "nothing";

/** Recorded: nothing and 0 are the live ones, 1 the deleted ones, a list of both is both. `"only"` contradicts itself in MISP. */
function parseDeleted(value: unknown): Deleted {
  if (value === "only") return "nothing";
  const asked = flags(value);
  if (asked.includes(true)) return asked.includes(false) ? "both" : "deleted";
  return "live";
}

/** `false` on its own is not given, `[true, false]` is both. */
function flags(value: unknown): boolean[] {
  const given = Array.isArray(value) ? value : value === false ? [] : [value];
  return given.flatMap((item) => {
    if (item === 1 || item === "1" || item === true) return [true];
    return item === 0 || item === "0" || item === false ? [false] : [];
  });
}

/** 0 or 1. JSON's `false` counts as not given (recorded), and so does a list of both. */
function parseFlag(value: unknown): boolean | undefined {
  const asked = flags(value);
  return asked.every((given) => given === asked[0]) ? asked[0] : undefined;
}

/** Deleted means that the object is deleted too, live that neither is; both together leave nothing out. */
function hasState(deleted: Deleted, row: AttributeRow): boolean {
  if (deleted === "both") return true;
  if (deleted === "live") return !row.deleted && row.object?.deleted !== true;
  return deleted === "deleted" && row.deleted && row.object?.deleted !== false;
}

function tagTest(terms: Terms | undefined) {
  return (...rows: readonly (AttributeRow | EventRow)[]): boolean =>
    passes(terms, (term) =>
      rows.some((row) =>
        row.tags.some(({ tag }) => (/^\d+$/.test(term) ? tag.id === Number(term) : like(tag.name, term))),
      ),
    );
}

/** Asking for either kind of address also finds the type `email`. */
function widenTypes(terms: Terms | undefined): Terms | undefined {
  if (!terms?.or.some((type) => type === "email-src" || type === "email-dst")) return terms;
  return { ...terms, or: [...terms.or, "email"] };
}

/** `model`: whose `timestamp`, `uuid` and tags are meant when both have them. */
export function createSearchFilter(filters: Json, model: "attributes" | "events", now: number): SearchFilter {
  const onEvents = model === "events";
  const window = (...names: string[]) => {
    const given = names.map((name) => filters[name]).find((value) => !isEmpty(value));
    return parseWindow(given, now);
  };
  const [eventids, uuids, orgs] = [
    parseTerms(filters["eventid"]),
    parseTerms(filters["uuid"]),
    parseTerms(filters["org"]),
  ];
  const [eventTest, uuidTest, orgTest] = [exactly(eventids), exactly(uuids), exactly(orgs)];
  const [types, categories, values, relations] = [
    widenTypes(parseTerms(filters["type"])),
    parseTerms(filters["category"]),
    parseTerms(filters["value"]),
    parseTerms(filters["object_relation"]),
  ];
  const tagged = tagTest(parseTerms(filters["tags"]));
  const tagsGiven = !isEmpty(filters["tags"]);
  const published = parseFlag(filters["published"]);
  const toIds = parseFlag(filters["to_ids"]);
  const deleted = parseDeleted(filters["deleted"]);
  const publishWindow = window("publish_timestamp", "last");
  const eventWindow = onEvents ? window("timestamp", "event_timestamp") : window("event_timestamp");
  const attributeWindow = onEvents ? window("attribute_timestamp") : window("timestamp", "attribute_timestamp");
  const [since, until] = [parseWindow(filters["from"], now), parseWindow(filters["to"], now)];
  const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
  const levels = exactly(parseTerms(filters["threat_level_id"]));

  return {
    narrowsAttributes:
      [types, categories, values, relations, toIds, attributeWindow].some((given) => given !== undefined) ||
      (!onEvents && uuids !== undefined),
    events: eventids?.or ?? [],
    uuids: uuids?.or ?? [],
    event(row) {
      if (!eventTest(String(row.id), row.uuid) || !levels(String(row.threatLevel))) return false;
      if (!orgTest(String(row.orgc.id), row.orgc.uuid, row.orgc.name)) return false;
      if (published !== undefined && row.published !== published) return false;
      // An Event.date is a day that the analyst chose; a time is cut to its day.
      if (since && row.date < day(since.from)) return false;
      if (until && row.date > day(until.from)) return false;
      if (onEvents && tagsGiven && !tagged(row, ...row.attributes)) return false;
      if (onEvents && !uuidTest(row.uuid, ...(uuids ? [...row.attributes].map(({ uuid }) => uuid) : []))) return false;
      return within(publishWindow, row.publishTimestamp) && within(eventWindow, row.timestamp);
    },
    attribute(row) {
      if (!hasState(deleted, row)) return false;
      if (!onEvents && (!uuidTest(row.uuid) || (tagsGiven && !tagged(row, row.event)))) return false;
      if (toIds !== undefined && row.toIds !== toIds) return false;
      if (!passes(types, (term) => like(row.type, term)) || !passes(categories, (term) => like(row.category, term)))
        return false;
      if (!passes(relations, (term) => row.objectRelation !== null && like(row.objectRelation, term))) return false;
      if (!within(attributeWindow, row.timestamp)) return false;
      return values === undefined || hasValue(values, row);
    },
  };
}

/** Either half, in any case; never a composite value as a whole (recorded). */
export function hasValue(terms: Terms, row: Pick<AttributeRow, "type" | "value">): boolean {
  const halves = splitValue(row.type, row.value).map((half) => half.toLowerCase());
  return passes(terms, (term) => halves.some((half) => half !== "" && like(half, term.toLowerCase())));
}
