import type { Attachment, AttributeRow, EventRow, ObjectRow, SightingRow } from "../rows.ts";
import type { Json } from "./json.ts";

/** MISP's `value1` and `value2`: types with a `|` hold two values, and so does malware-sample. */
export function splitValue(type: string, value: string): readonly [string, string] {
  const bar = type.includes("|") || type === "malware-sample" ? value.indexOf("|") : -1;
  return bar === -1 ? [value, ""] : [value.slice(0, bar), value.slice(bar + 1)];
}

/** An attribute's own fields, as its messages carry them, and REST's rows without `value1` and `value2`. */
export function attributeRow(row: AttributeRow): Json {
  const [value1, value2] = splitValue(row.type, row.value);
  return {
    id: String(row.id),
    event_id: String(row.event.id),
    object_id: String(row.object?.id ?? 0),
    object_relation: row.objectRelation,
    category: row.category,
    type: row.type,
    value1,
    value2,
    to_ids: row.toIds,
    uuid: row.uuid,
    timestamp: String(row.timestamp),
    distribution: String(row.distribution),
    sharing_group_id: "0",
    comment: row.comment,
    deleted: row.deleted,
    disable_correlation: false,
    first_seen: row.firstSeen,
    last_seen: row.lastSeen,
    value: row.value,
  };
}

function attributeTag({ tag, local }: Attachment): Json {
  return {
    id: String(tag.id),
    name: tag.name,
    colour: tag.colour,
    exportable: tag.exportable,
    local,
  };
}

/** A sighting's own fields, as every message and every answer has them. */
export function sightingRow(sighting: SightingRow): Json {
  return {
    id: String(sighting.id),
    attribute_id: String(sighting.attribute.id),
    event_id: String(sighting.attribute.event.id),
    org_id: String(sighting.org.id),
    date_sighting: String(sighting.date),
    uuid: sighting.uuid,
    source: sighting.source,
    type: String(sighting.type),
  };
}

/** A sighting as attribute and publish messages carry it. */
export function attributeSighting(sighting: SightingRow): Json {
  return {
    ...sightingRow(sighting),
    attribute_uuid: sighting.attribute.uuid,
    Organisation: { id: String(sighting.org.id), uuid: sighting.org.uuid, name: sighting.org.name },
  };
}

function attributeEvent(event: EventRow): Json {
  return {
    id: String(event.id),
    date: event.date,
    info: event.info,
    uuid: event.uuid,
    published: event.published,
    analysis: String(event.analysis),
    threat_level_id: String(event.threatLevel),
    org_id: String(event.org.id),
    orgc_id: String(event.orgc.id),
    distribution: String(event.distribution),
    sharing_group_id: "0",
    Orgc: { id: String(event.orgc.id), uuid: event.orgc.uuid, name: event.orgc.name },
  };
}

/** An object's own fields, as its messages and those of its attributes carry them. */
export function objectRow(object: ObjectRow): Json {
  return {
    id: String(object.id),
    name: object.name,
    "meta-category": "misc",
    description: object.description,
    template_uuid: object.templateUuid,
    template_version: String(object.templateVersion),
    event_id: String(object.event.id),
    uuid: object.uuid,
    timestamp: String(object.timestamp),
    distribution: String(object.distribution),
    sharing_group_id: "0",
    comment: "",
    deleted: object.deleted,
    first_seen: null,
    last_seen: null,
  };
}

/**
 * What goes out when an attribute was saved. A deleted one is `soft-delete` whatever was done to it, also when it is new.
 * `Tag` is absent when there is none, so on every `add`: MISP attaches tags after that message.
 */
export function attributeSaved(row: AttributeRow, created: boolean): Json {
  return {
    Attribute: {
      ...attributeRow(row),
      ...(row.tags.length > 0 && { Tag: row.tags.map(attributeTag) }),
      Sighting: row.sightings.map(attributeSighting),
    },
    Event: attributeEvent(row.event),
    ...(row.object && { Object: objectRow(row.object) }),
    action: row.deleted ? "soft-delete" : created ? "add" : "edit",
  };
}

/** A hard delete: the bare row as it was stored, without event, object and tags. */
export function attributeDeleted(row: AttributeRow): Json {
  return { Attribute: attributeRow(row), action: "delete" };
}
