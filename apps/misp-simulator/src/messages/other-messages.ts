import type { AttributeRow, EventRow, ObjectRow, SightingRow, TagRow } from "../rows.ts";
import { objectRow, sightingRow } from "./attribute-message.ts";
import type { Json } from "./json.ts";

/** A tag's own fields, as its messages and the tag list carry them. */
export function tagRow(tag: TagRow): Json {
  return {
    id: String(tag.id),
    name: tag.name,
    colour: tag.colour,
    exportable: tag.exportable,
    org_id: "0",
    user_id: "0",
    hide_tag: false,
    numerical_value: null,
    is_galaxy: false,
    is_custom_galaxy: false,
    local_only: false,
  };
}

/** The tag itself was created, edited or deleted. */
export function tagSaved(tag: TagRow, action: "add" | "edit" | "delete"): Json {
  return { Tag: tagRow(tag), action };
}

/** A tag was attached to or detached from an attribute: numeric ids only, and nothing says whether it is local. */
export function attributeTagged(tag: TagRow, attribute: AttributeRow, verb: "attached" | "detached"): Json {
  const ids = { attribute_id: String(attribute.id), event_id: String(attribute.event.id) };
  return {
    Tag: { ...tagRow(tag), ...ids },
    action: verb === "attached" ? "attached to attribute" : "detached from attribute",
  };
}

/** A tag was attached to an event. */
export function eventTagged(tag: TagRow, event: EventRow, local: boolean): Json {
  return {
    Tag: { ...tagRow(tag), event_id: String(event.id), local },
    action: "attached to event",
  };
}

/** A tag was detached from an event. Recorded without `local`. */
export function eventUntagged(tag: TagRow, event: EventRow): Json {
  return { Tag: { ...tagRow(tag), event_id: String(event.id) }, action: "detached from event" };
}

/** An object was added, soft-deleted or deleted for good. */
export function objectSaved(object: ObjectRow, action: "add" | "soft-delete" | "delete"): Json {
  return { Object: objectRow(object), action };
}

/** A sighting was added or deleted. */
export function sightingSaved(sighting: SightingRow, action: "add" | "delete"): Json {
  const { attribute } = sighting;
  const { event } = attribute;
  return {
    Sighting: {
      ...sightingRow(sighting),
      Event: {
        id: String(event.id),
        uuid: event.uuid,
        orgc_id: String(event.orgc.id),
        org_id: String(event.org.id),
        info: event.info,
        Orgc: { name: event.orgc.name },
      },
      Attribute: {
        id: String(attribute.id),
        uuid: attribute.uuid,
        type: attribute.type,
        category: attribute.category,
        to_ids: attribute.toIds,
        value: attribute.value,
      },
    },
    action,
  };
}
