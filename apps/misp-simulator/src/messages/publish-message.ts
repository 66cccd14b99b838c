import type { Attachment, AttributeRow, EventRow, ObjectRow, Org } from "../rows.ts";
import { attributeSighting, objectRow } from "./attribute-message.ts";
import { attributeCount } from "./event-message.ts";
import type { Json } from "./json.ts";

/** Recorded: a non-exportable tag of an attribute is missing here, while the attribute's own messages carry it. */
function publishedTags(attachments: readonly Attachment[]): Json {
  const exportable = attachments.filter(({ tag }) => tag.exportable);
  if (exportable.length === 0) return {};
  return {
    Tag: exportable.map(({ tag, local }) => ({
      id: String(tag.id),
      name: tag.name,
      colour: tag.colour,
      exportable: true,
      user_id: "0",
      hide_tag: false,
      numerical_value: null,
      is_galaxy: false,
      is_custom_galaxy: false,
      local_only: false,
      local,
      relationship_type: null,
    })),
  };
}

/** Which attributes are shown. */
export type RowTest = (row: AttributeRow) => boolean;

/** What publishing shows: what is not deleted. */
const live: RowTest = (row) => !row.deleted;

function publishedAttribute(row: AttributeRow): Json {
  return {
    id: String(row.id),
    type: row.type,
    category: row.category,
    to_ids: row.toIds,
    uuid: row.uuid,
    event_id: String(row.event.id),
    distribution: String(row.distribution),
    timestamp: String(row.timestamp),
    comment: row.comment,
    sharing_group_id: "0",
    deleted: row.deleted,
    disable_correlation: false,
    object_id: String(row.object?.id ?? 0),
    object_relation: row.objectRelation,
    first_seen: row.firstSeen,
    last_seen: row.lastSeen,
    value: row.value,
    Galaxy: [],
    ShadowAttribute: [],
    ...publishedTags(row.tags),
    ...(row.sightings.length > 0 && { Sighting: row.sightings.map(attributeSighting) }),
  };
}

function publishedAttributes(rows: Iterable<AttributeRow>, inObject: boolean, includes: RowTest): Json[] {
  const attributes: Json[] = [];
  for (const row of rows) {
    if (includes(row) && (row.object !== undefined) === inObject) attributes.push(publishedAttribute(row));
  }
  return attributes;
}

function publishedObjects(objects: Iterable<ObjectRow>, includes: RowTest): Json[] {
  const published: Json[] = [];
  for (const object of objects) {
    const attributes = publishedAttributes(object.attributes, true, includes);
    if (object.deleted && attributes.length === 0) continue;
    published.push({ ...objectRow(object), ObjectReference: [], Attribute: attributes });
  }
  return published;
}

/** An organisation, as publish messages and REST show it. */
export function publishedOrg(org: Org): Json {
  return { id: String(org.id), name: org.name, uuid: org.uuid, local: org.local };
}

/**
 * The whole event, without an action: what goes out when it was published, and what REST answers (recorded: one shape).
 * Deleted attributes and objects are not in it unless `includes` shows them.
 */
export function eventPublished(event: EventRow, includes: RowTest = live): Json {
  return {
    Event: {
      id: String(event.id),
      orgc_id: String(event.orgc.id),
      org_id: String(event.org.id),
      date: event.date,
      threat_level_id: String(event.threatLevel),
      info: event.info,
      published: event.published,
      uuid: event.uuid,
      attribute_count: String(attributeCount(event)),
      analysis: String(event.analysis),
      timestamp: String(event.timestamp),
      distribution: String(event.distribution),
      proposal_email_lock: false,
      locked: false,
      publish_timestamp: String(event.publishTimestamp),
      sharing_group_id: "0",
      disable_correlation: false,
      extends_uuid: "",
      protected: null,
      event_creator_email: "analyst@misp.example",
      Org: publishedOrg(event.org),
      Orgc: publishedOrg(event.orgc),
      Attribute: publishedAttributes(event.attributes, false, includes),
      ShadowAttribute: [],
      RelatedEvent: [],
      Galaxy: [],
      Object: publishedObjects(event.objects, includes),
      EventReport: [],
      CryptographicKey: [],
      ...publishedTags(event.tags),
    },
  };
}
