import type { Attachment, AttributeRow, EventRow, ObjectRow, Org } from "../rows.ts";
import { attributeSighting, objectRow } from "./attribute-message.ts";
import { attributeCount } from "./event-message.ts";
import type { Json, Wire } from "./wire.ts";

/** Recorded: a non-exportable tag of an attribute is missing here, while the attribute's own messages carry it. */
function publishedTags(wire: Wire, attachments: readonly Attachment[]): Json {
  const exportable = attachments.filter(({ tag }) => tag.exportable);
  if (exportable.length === 0) return {};
  return {
    Tag: exportable.map(({ tag, local }) => ({
      id: wire.number(tag.id),
      name: tag.name,
      colour: tag.colour,
      exportable: wire.flag(true),
      user_id: wire.number(0),
      hide_tag: wire.flag(false),
      numerical_value: null,
      is_galaxy: wire.flag(false),
      is_custom_galaxy: wire.flag(false),
      local_only: wire.flag(false),
      local: wire.flag(local),
      relationship_type: null,
    })),
  };
}

/** Which attributes are shown. */
export type RowTest = (row: AttributeRow) => boolean;

/** What publishing shows: what is not deleted. */
const live: RowTest = (row) => !row.deleted;

function publishedAttribute(wire: Wire, row: AttributeRow): Json {
  return {
    id: wire.number(row.id),
    type: row.type,
    category: row.category,
    to_ids: wire.flag(row.toIds),
    uuid: row.uuid,
    event_id: wire.number(row.event.id),
    distribution: wire.number(row.distribution),
    timestamp: wire.number(row.timestamp),
    comment: row.comment,
    sharing_group_id: wire.number(0),
    deleted: wire.flag(row.deleted),
    disable_correlation: wire.flag(row.disableCorrelation),
    object_id: wire.number(row.object?.id ?? 0),
    object_relation: row.objectRelation,
    first_seen: row.firstSeen,
    last_seen: row.lastSeen,
    value: row.value,
    Galaxy: [],
    ShadowAttribute: [],
    ...publishedTags(wire, row.tags),
    ...(row.sightings.length > 0 && { Sighting: row.sightings.map((sighting) => attributeSighting(wire, sighting)) }),
  };
}

function publishedAttributes(wire: Wire, rows: Iterable<AttributeRow>, inObject: boolean, includes: RowTest): Json[] {
  const attributes: Json[] = [];
  for (const row of rows) {
    if (includes(row) && (row.object !== undefined) === inObject) attributes.push(publishedAttribute(wire, row));
  }
  return attributes;
}

function publishedObjects(wire: Wire, objects: Iterable<ObjectRow>, includes: RowTest): Json[] {
  const published: Json[] = [];
  for (const object of objects) {
    const attributes = publishedAttributes(wire, object.attributes, true, includes);
    if (object.deleted && attributes.length === 0) continue;
    published.push({ ...objectRow(wire, object), ObjectReference: [], Attribute: attributes });
  }
  return published;
}

function publishedOrg(wire: Wire, org: Org): Json {
  return { id: wire.number(org.id), name: org.name, uuid: org.uuid, local: wire.flag(org.local) };
}

/**
 * The whole event, without an action: what goes out when it was published, and what REST answers (recorded: one shape).
 * Deleted attributes and objects are not in it unless `includes` shows them.
 */
export function eventPublished(wire: Wire, event: EventRow, includes: RowTest = live): Json {
  return {
    Event: {
      id: wire.number(event.id),
      orgc_id: wire.number(event.orgc.id),
      org_id: wire.number(event.org.id),
      date: event.date,
      threat_level_id: wire.number(event.threatLevel),
      info: event.info,
      published: wire.flag(event.published),
      uuid: event.uuid,
      attribute_count: wire.number(attributeCount(event)),
      analysis: wire.number(event.analysis),
      timestamp: wire.number(event.timestamp),
      distribution: wire.number(event.distribution),
      proposal_email_lock: wire.flag(false),
      locked: wire.flag(event.locked),
      publish_timestamp: wire.number(event.publishTimestamp),
      sharing_group_id: wire.number(0),
      disable_correlation: wire.flag(false),
      extends_uuid: "",
      protected: null,
      event_creator_email: "analyst@misp.example",
      Org: publishedOrg(wire, event.org),
      Orgc: publishedOrg(wire, event.orgc),
      Attribute: publishedAttributes(wire, event.attributes, false, includes),
      ShadowAttribute: [],
      RelatedEvent: [],
      Galaxy: [],
      Object: publishedObjects(wire, event.objects, includes),
      EventReport: [],
      CryptographicKey: [],
      ...publishedTags(wire, event.tags),
    },
  };
}
