import { removalTimes } from "./former.ts";
import type { Former, IndexEntry, Outdated } from "./index-entry.ts";
import type { Indicator } from "./stix.ts";
import { toStixTimestamp } from "./timestamp.ts";

/** What indicators say about the MISP they come from. */
export interface IndicatorOptions {
  /** `https://misp.example`, without a trailing slash: external references then carry URLs. */
  readonly baseUrl?: string;
}

/** The REMOVE for each pattern that consumers may hold and must drop, oldest first. */
export function toRemovals(entry: IndexEntry, options: IndicatorOptions): readonly Indicator[] {
  const times = removalTimes(entry);
  return entry.outdated.map((old, i) => render(entry, times[i] as number, old, options));
}

/**
 * The REMOVE of a pattern that was withdrawn before, once more: of the version that it was, so older than what was announced since.
 * What it does not remember (description, labels and the like) it repeats from the last announcement.
 */
export function toFormerRemoval(entry: IndexEntry, former: Former, options: IndicatorOptions): Indicator {
  return render(entry, former.modifiedMs, former, options);
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
  const modified = modifiedMs === entry.createdMs ? created : toStixTimestamp(modifiedMs);
  const update = old !== undefined ? "REMOVE" : entry.edit ? "EDIT" : undefined;
  // Assigned in order, and only what is there: conditional spreads cost several times as much (`pnpm bench`).
  const indicator: { -readonly [Key in keyof Indicator]: Indicator[Key] } = {
    type: "indicator",
    spec_version: "2.1",
    id: `indicator--${entry.uuid}`,
  } as Indicator;
  if (announced.orgUuid !== undefined) indicator.created_by_ref = `identity--${announced.orgUuid}`;
  indicator.created = created;
  indicator.modified = modified;
  indicator.name = name;
  if (announced.description !== undefined) indicator.description = announced.description;
  indicator.pattern = pattern;
  indicator.pattern_type = patternType;
  if (patternType === "stix") indicator.pattern_version = "2.1";
  indicator.valid_from = created;
  if (old !== undefined) indicator.valid_until = modified;
  else if (announced.validUntilMs !== undefined) {
    // STIX wants it after valid_from, and MISP's timestamp can go back: then it is over as soon as it can be.
    indicator.valid_until = toStixTimestamp(Math.max(announced.validUntilMs, entry.createdMs + 1));
  }
  if (announced.labels !== undefined) indicator.labels = announced.labels;
  if (announced.confidence !== undefined) indicator.confidence = announced.confidence;
  indicator.external_references = externalReferences(entry, announced.eventUuid, options.baseUrl);
  if (announced.markings !== undefined) indicator.object_marking_refs = announced.markings;
  if (update !== undefined) indicator.x_threatbus_update = update;
  return indicator;
}

function externalReferences(
  { uuid }: IndexEntry,
  eventUuid: string | undefined,
  baseUrl: string | undefined,
): NonNullable<Indicator["external_references"]> {
  const reference = (sourceName: string, path: string, id: string) =>
    baseUrl === undefined
      ? { source_name: sourceName, external_id: id }
      : { source_name: sourceName, external_id: id, url: `${baseUrl}/${path}/view/${id}` };
  const attribute = reference("MISP attribute", "attributes", uuid);
  return eventUuid === undefined ? [attribute] : [reference("MISP event", "events", eventUuid), attribute];
}
