import type { Sighting, SightingRow, SightingTarget } from "@tb/misp-core";
import type { SourceTemplate } from "./source-template.ts";
import { uuid5 } from "./uuid5.ts";

/** What the index knows about attributes. */
export interface SightingIndex {
  /** Undefined: not known, or deleted in MISP for good. */
  attribute(uuid: string): { readonly eventId: number } | undefined;
  /** The index has everything: an attribute that it does not know is none that consumers could know from us. */
  complete(): boolean;
}

export interface MappingOptions {
  /** A sighting that lost its reference is written to every attribute with its value. MISP cannot recognise a repeat of it. */
  readonly byValue: boolean;
  /** At most so many rows for the `count` of one sighting. */
  readonly maxRows: number;
  readonly source: SourceTemplate;
}

/** Why a sighting that could be read goes no further; each is counted. */
export type DropReason =
  /** It lost its reference, and `byValue` is off. */
  | "by_value_off"
  /** `count` is 0: the tool looked and found nothing. */
  | "not_seen"
  /** The index is complete, and the attribute is not in it. */
  | "unknown_attribute";

export type MappedSighting =
  | {
      readonly ok: true;
      readonly rows: readonly SightingRow[];
      /** How many more rows `count` asked for than `maxRows` lets through. */
      readonly lost: number;
    }
  | { readonly ok: false; readonly reason: DropReason; readonly detail: string };

/**
 * What is to be written to MISP for a sighting: one row for each time it was seen, since MISP has no count. The first row has the
 * sighting's own UUID, the others one that follows from it: a repeat, also with a higher count, adds only what is not there yet.
 */
export function mapSighting(sighting: Sighting, options: MappingOptions, index: SightingIndex): MappedSighting {
  const found = findTarget(sighting, options, index);
  if (!found.ok) return found;
  const wanted = rowsWanted(sighting);
  if (wanted === 0) return drop("not_seen", `sighting--${sighting.uuid} has the count 0`);
  const shared = {
    target: found.target,
    type: sighting.type,
    seenAt: Math.floor(sighting.observedAtMs / 1000),
    source: options.source(sighting),
  };
  const length = Math.min(wanted, options.maxRows);
  const rows = Array.from({ length }, (_, copy) => ({ uuid: rowUuid(sighting.uuid, copy), ...shared }));
  return { ok: true, rows, lost: wanted - length };
}

function drop(reason: DropReason, detail: string) {
  return { ok: false, reason, detail } as const;
}

function findTarget({ uuid, target }: Sighting, { byValue }: MappingOptions, index: SightingIndex) {
  if ("value" in target) {
    if (byValue) return { ok: true, target } as const;
    return drop("by_value_off", `sighting--${uuid} lost its reference; sightings.by_value: true would send its value`);
  }
  const { attributeUuid } = target;
  const known = index.attribute(attributeUuid);
  if (known === undefined && index.complete()) {
    return drop("unknown_attribute", `sighting--${uuid}: no attribute ${attributeUuid} in the complete index`);
  }
  const withEvent: SightingTarget = { attributeUuid, ...(known === undefined ? {} : { eventId: known.eventId }) };
  return { ok: true, target: withEvent } as const;
}

/** A false positive is an opinion: it stands also with a count of 0. An expiration is a date: MISP keeps one. */
function rowsWanted({ type, count }: Sighting): number {
  if (type === 0) return count;
  return type === 1 ? Math.max(count, 1) : 1;
}

/**
 * MISP validates with CakePHP's `Validation::uuid`: versions up to 5 in older CakePHP, up to 7 in MISP's fork at 85353e94 (read, not
 * tried), and one UUID that is refused drops the whole batch without a word (recorded for an invalid one). Which MISP has which is
 * not known, so every newer version gets a UUID of version 5 that follows from it.
 */
function rowUuid(uuid: string, copy: number): string {
  return copy === 0 && /^.{14}[1-5]/.test(uuid) ? uuid : uuid5(uuid, String(copy + 1));
}
