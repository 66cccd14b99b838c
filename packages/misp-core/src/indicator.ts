import type { IndexEntry, Outdated } from "./index-entry.ts";
import type { Indicator } from "./stix.ts";
import { toStixTimestamp } from "./timestamp.ts";

/** What indicators say about the MISP they come from. */
export interface IndicatorOptions {
  /** `https://misp.example`, without a trailing slash: external references then carry URLs. */
  readonly baseUrl?: string;
}

/** The REMOVE for each pattern that consumers may hold and must drop, oldest first. */
export function toRemovals(entry: IndexEntry, options: IndicatorOptions): readonly Indicator[] {
  const last = entry.live ? entry.modifiedMs - 1 : entry.modifiedMs;
  return entry.outdated.map((old, i) => render(entry, last - (entry.outdated.length - 1 - i), old, options));
}

/** The announcement as consumers are to hold it; undefined when the entry is withheld. The same bytes at each call. */
export function toAnnouncement(entry: IndexEntry, options: IndicatorOptions): Indicator | undefined {
  return entry.live ? render(entry, entry.modifiedMs, undefined, options) : undefined;
}

/**
 * The property order is that of the STIX specification. A REMOVE repeats the last announced fields with the old pattern:
 * consumers find what to drop by the pattern, and MISP may have sanitised the value away. It is never `revoked`: STIX
 * forbids later versions of a revoked object, and MISP can bring everything back.
 */
function render(
  entry: IndexEntry,
  modifiedMs: number,
  old: Outdated | undefined,
  options: IndicatorOptions,
): Indicator {
  const { announced } = entry;
  if (announced === undefined) throw new Error(`entry ${entry.id} has nothing announced to render`);
  const { pattern, patternType, name } = old ?? announced;
  const created = toStixTimestamp(entry.createdMs);
  const modified = toStixTimestamp(modifiedMs);
  const update = old !== undefined ? "REMOVE" : entry.edit ? "EDIT" : undefined;
  return {
    type: "indicator",
    spec_version: "2.1",
    id: `indicator--${entry.uuid}`,
    ...(announced.orgUuid === undefined ? {} : { created_by_ref: `identity--${announced.orgUuid}` }),
    created,
    modified,
    name,
    ...(announced.description === undefined ? {} : { description: announced.description }),
    pattern,
    pattern_type: patternType,
    ...(patternType === "stix" ? { pattern_version: "2.1" as const } : {}),
    valid_from: created,
    ...(old === undefined ? {} : { valid_until: modified }),
    ...(announced.labels === undefined ? {} : { labels: announced.labels }),
    ...(announced.confidence === undefined ? {} : { confidence: announced.confidence }),
    external_references: externalReferences(entry, announced.eventUuid, options.baseUrl),
    ...(announced.markings === undefined ? {} : { object_marking_refs: announced.markings }),
    ...(update === undefined ? {} : { x_threatbus_update: update }),
  };
}

function externalReferences(
  { uuid }: IndexEntry,
  eventUuid: string | undefined,
  baseUrl: string | undefined,
): NonNullable<Indicator["external_references"]> {
  const reference = (sourceName: string, path: string, id: string) => ({
    source_name: sourceName,
    external_id: id,
    ...(baseUrl === undefined ? {} : { url: `${baseUrl}/${path}/view/${id}` }),
  });
  const attribute = reference("MISP attribute", "attributes", uuid);
  return eventUuid === undefined ? [attribute] : [reference("MISP event", "events", eventUuid), attribute];
}
