import type { MispSighting, SightingRow } from "@tb/misp-core";

/** Recognises our own sightings when MISP tells of them on its stream. */
export interface Echo {
  /** Before the row is sent: MISP tells of it before it answers. */
  sending(row: SightingRow): void;
  /** `uuid`: certain. `fields`: everything else that survives the way through MISP is equal. */
  recognise(sighting: MispSighting): "uuid" | "fields" | undefined;
}

/** Two strings of about 100 bytes each: some megabytes at most. MISP tells of a row within seconds. */
const maxRemembered = 20_000;

/**
 * Recorded: `bulkSaveSightings` keeps our uuid, `/sightings/add` gives the sighting one of its own, and both keep attribute, type,
 * time (whole seconds) and source. A sighting by value comes back with the attribute's value, of which ours may be one half; MISP
 * compares without regard to case.
 *
 * Being told of a row proves nothing: MISP tells of rows that it then rolls back (recorded).
 */
export function createEcho(holds: (uuid: string) => boolean): Echo {
  const uuids = createMemory();
  const fields = createMemory();
  return {
    sending(row) {
      uuids.add(row.uuid);
      const what = "value" in row.target ? row.target.value.toLowerCase() : row.target.attributeUuid;
      fields.add(fieldsOf(what, row));
    },
    recognise(sighting) {
      if (uuids.has(sighting.uuid) || holds(sighting.uuid)) return "uuid";
      const value = sighting.value.toLowerCase();
      const candidates = [sighting.attributeUuid, value, ...value.split("|")];
      return candidates.some((what) => fields.has(fieldsOf(what, sighting))) ? "fields" : undefined;
    },
  };
}

function fieldsOf(what: string, row: Pick<SightingRow, "type" | "seenAt" | "source">): string {
  return JSON.stringify([what, row.type, row.seenAt, row.source]);
}

/** The latest ones only. */
function createMemory() {
  const items = new Set<string>();
  return {
    has: (item: string) => items.has(item),
    add(item: string) {
      items.delete(item);
      items.add(item);
      for (const oldest of items) {
        if (items.size <= maxRemembered) break;
        items.delete(oldest);
      }
    },
  };
}
