import type { AttributeRow, EventRow } from "../rows.ts";
import type { Narrowing, RestKey } from "./key.ts";

/** What a key sees. */
export interface View {
  event(row: EventRow): boolean;
  /** Of an attribute whose event is seen. */
  attribute(row: AttributeRow): boolean;
  /** MISP's default policy: all sightings in one's own events, elsewhere only one's own. */
  sighting(orgId: number, event: EventRow): boolean;
}

/** MISP's codes: 0 the own organisation, 1 to 3 wider and wider, 4 a sharing group, 5 as the event. */
function distributed(distribution: number, inSharingGroups: boolean): boolean {
  return distribution === 4 ? inSharingGroups : distribution !== 0;
}

/** MISP's access control: the owner of an event sees all of it, others what is distributed, by event, object and attribute. */
export function createView(key: RestKey, narrowing: Narrowing = {}): View {
  const { orgId = 1, role, inSharingGroups = false } = key;
  const orgcs = narrowing.orgcIds && new Set(narrowing.orgcIds);
  const withoutEvents = new Set(narrowing.withoutEvents);
  const withoutAttributes = new Set(narrowing.withoutAttributes);
  const owns = (event: EventRow) => role === "site-admin" || event.org.id === orgId;
  const reaches = (distribution: number) => distributed(distribution, inSharingGroups);
  return {
    event(row) {
      if (withoutEvents.has(row.id) || orgcs?.has(row.orgc.id) === false) return false;
      return owns(row) || reaches(row.distribution);
    },
    attribute(row) {
      if (withoutAttributes.has(row.id)) return false;
      return (
        owns(row.event) || (reaches(row.distribution) && (row.object === undefined || reaches(row.object.distribution)))
      );
    },
    sighting: (sightingOrgId, event) => owns(event) || sightingOrgId === orgId,
  };
}
