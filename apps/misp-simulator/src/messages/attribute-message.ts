import type { Attachment, AttributeRow, EventRow, ObjectRow, SightingRow } from "../rows.ts";
import type { Json, Wire } from "./wire.ts";

/** MISP's `value1` and `value2`: types with a `|` hold two values, and so does malware-sample. */
export function splitValue(type: string, value: string): readonly [string, string] {
  const bar = type.includes("|") || type === "malware-sample" ? value.indexOf("|") : -1;
  return bar === -1 ? [value, ""] : [value.slice(0, bar), value.slice(bar + 1)];
}

function attributeRow(wire: Wire, row: AttributeRow): Json {
  const [value1, value2] = splitValue(row.type, row.value);
  return {
    id: wire.number(row.id),
    event_id: wire.number(row.event.id),
    object_id: wire.number(row.object?.id ?? 0),
    object_relation: row.objectRelation,
    category: row.category,
    type: row.type,
    value1,
    value2,
    to_ids: wire.flag(row.toIds),
    uuid: row.uuid,
    timestamp: wire.number(row.timestamp),
    distribution: wire.number(row.distribution),
    sharing_group_id: wire.number(0),
    comment: row.comment,
    deleted: wire.flag(row.deleted),
    disable_correlation: wire.flag(row.disableCorrelation),
    first_seen: row.firstSeen,
    last_seen: row.lastSeen,
    value: row.value,
  };
}

function attributeTag(wire: Wire, { tag, local }: Attachment): Json {
  return {
    id: wire.number(tag.id),
    name: tag.name,
    colour: tag.colour,
    exportable: wire.flag(tag.exportable),
    local: wire.flag(local),
  };
}

/** A sighting as attribute and publish messages carry it. */
export function attributeSighting(wire: Wire, sighting: SightingRow): Json {
  return {
    id: wire.number(sighting.id),
    attribute_id: wire.number(sighting.attribute.id),
    event_id: wire.number(sighting.attribute.event.id),
    org_id: wire.number(sighting.org.id),
    date_sighting: wire.number(sighting.date),
    uuid: sighting.uuid,
    source: sighting.source,
    type: wire.number(sighting.type),
    attribute_uuid: sighting.attribute.uuid,
    Organisation: { id: wire.number(sighting.org.id), uuid: sighting.org.uuid, name: sighting.org.name },
  };
}

function attributeEvent(wire: Wire, event: EventRow): Json {
  return {
    id: wire.number(event.id),
    date: event.date,
    info: event.info,
    uuid: event.uuid,
    published: wire.flag(event.published),
    analysis: wire.number(event.analysis),
    threat_level_id: wire.number(event.threatLevel),
    org_id: wire.number(event.org.id),
    orgc_id: wire.number(event.orgc.id),
    distribution: wire.number(event.distribution),
    sharing_group_id: wire.number(0),
    Orgc: { id: wire.number(event.orgc.id), uuid: event.orgc.uuid, name: event.orgc.name },
  };
}

/** An object's own fields, as its messages and those of its attributes carry them. */
export function objectRow(wire: Wire, object: ObjectRow): Json {
  return {
    id: wire.number(object.id),
    name: object.name,
    "meta-category": object.metaCategory,
    description: object.description,
    template_uuid: object.templateUuid,
    template_version: wire.number(object.templateVersion),
    event_id: wire.number(object.event.id),
    uuid: object.uuid,
    timestamp: wire.number(object.timestamp),
    distribution: wire.number(object.distribution),
    sharing_group_id: wire.number(0),
    comment: object.comment,
    deleted: wire.flag(object.deleted),
    first_seen: null,
    last_seen: null,
  };
}

/**
 * What goes out when an attribute was saved. A deleted one is `soft-delete` whatever was done to it, also when it is new.
 * `Tag` is absent when there is none, so on every `add`: MISP attaches tags after that message.
 */
export function attributeSaved(wire: Wire, row: AttributeRow, created: boolean): Json {
  return {
    Attribute: {
      ...attributeRow(wire, row),
      ...(row.tags.length > 0 && { Tag: row.tags.map((attachment) => attributeTag(wire, attachment)) }),
      Sighting: row.sightings.map((sighting) => attributeSighting(wire, sighting)),
    },
    Event: attributeEvent(wire, row.event),
    ...(row.object && { Object: objectRow(wire, row.object) }),
    action: row.deleted ? "soft-delete" : created ? "add" : "edit",
  };
}

/** A hard delete: the bare row as it was stored, without event, object and tags. */
export function attributeDeleted(wire: Wire, row: AttributeRow): Json {
  return { Attribute: attributeRow(wire, row), action: "delete" };
}
