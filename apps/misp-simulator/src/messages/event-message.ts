import type { EventRow } from "../rows.ts";
import type { Json } from "./json.ts";

/** How many attributes MISP counts for an event: the live ones. */
export function attributeCount(event: EventRow): number {
  let count = 0;
  for (const attribute of event.attributes) if (!attribute.deleted) count++;
  return count;
}

/** An event's own fields, as its messages and the event list carry them. */
export function eventRow(event: EventRow): Json {
  return {
    id: String(event.id),
    org_id: String(event.org.id),
    date: event.date,
    info: event.info,
    user_id: "1",
    uuid: event.uuid,
    published: event.published,
    analysis: String(event.analysis),
    attribute_count: String(attributeCount(event)),
    orgc_id: String(event.orgc.id),
    timestamp: String(event.timestamp),
    distribution: String(event.distribution),
    sharing_group_id: "0",
    proposal_email_lock: false,
    locked: false,
    threat_level_id: String(event.threatLevel),
    publish_timestamp: String(event.publishTimestamp),
    sighting_timestamp: String(event.sightingTimestamp),
    disable_correlation: false,
    extends_uuid: "",
    protected: null,
  };
}

/** An event was added or edited. All its tags are in the message, local and non-exportable ones too. */
export function eventSaved(event: EventRow, action: "add" | "edit"): Json {
  return {
    Event: eventRow(event),
    Orgc: { id: String(event.orgc.id), uuid: event.orgc.uuid, name: event.orgc.name },
    EventTag: event.tags.map(({ id, tag, local }) => ({
      id: String(id),
      event_id: String(event.id),
      tag_id: String(tag.id),
      local,
      relationship_type: "",
      Tag: { id: String(tag.id), name: tag.name, colour: tag.colour, exportable: tag.exportable },
    })),
    action,
  };
}

/** An event was deleted, and everything in it: there is no other message. */
export function eventDeleted(event: EventRow): Json {
  return { Event: eventRow(event), action: "delete" };
}
