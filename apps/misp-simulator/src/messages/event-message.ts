import type { EventRow } from "../rows.ts";
import type { Json, Wire } from "./wire.ts";

/** How many attributes MISP counts for an event: the live ones. */
export function attributeCount(event: EventRow): number {
  let count = 0;
  for (const attribute of event.attributes) if (!attribute.deleted) count++;
  return count;
}

/** An event's own fields, as its messages and the event list carry them. */
export function eventRow(wire: Wire, event: EventRow): Json {
  return {
    id: wire.number(event.id),
    org_id: wire.number(event.org.id),
    date: event.date,
    info: event.info,
    user_id: wire.number(1),
    uuid: event.uuid,
    published: wire.flag(event.published),
    analysis: wire.number(event.analysis),
    attribute_count: wire.number(attributeCount(event)),
    orgc_id: wire.number(event.orgc.id),
    timestamp: wire.number(event.timestamp),
    distribution: wire.number(event.distribution),
    sharing_group_id: wire.number(0),
    proposal_email_lock: wire.flag(false),
    locked: wire.flag(event.locked),
    threat_level_id: wire.number(event.threatLevel),
    publish_timestamp: wire.number(event.publishTimestamp),
    sighting_timestamp: wire.number(event.sightingTimestamp),
    disable_correlation: wire.flag(false),
    extends_uuid: "",
    protected: null,
  };
}

/** An event was added or edited. All its tags are in the message, local and non-exportable ones too. */
export function eventSaved(wire: Wire, event: EventRow, action: "add" | "edit"): Json {
  return {
    Event: eventRow(wire, event),
    Orgc: { id: wire.number(event.orgc.id), uuid: event.orgc.uuid, name: event.orgc.name },
    EventTag: event.tags.map(({ id, tag, local }) => ({
      id: wire.number(id),
      event_id: wire.number(event.id),
      tag_id: wire.number(tag.id),
      local: wire.flag(local),
      relationship_type: "",
      Tag: { id: wire.number(tag.id), name: tag.name, colour: tag.colour, exportable: wire.flag(tag.exportable) },
    })),
    action,
  };
}

/** An event was deleted, and everything in it: there is no other message. */
export function eventDeleted(wire: Wire, event: EventRow): Json {
  return { Event: eventRow(wire, event), action: "delete" };
}
