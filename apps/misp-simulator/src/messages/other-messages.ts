import type { AttributeRow, EventRow, ObjectRow, SightingRow, TagRow } from "../rows.ts";
import { objectRow } from "./attribute-message.ts";
import type { Json, Wire } from "./wire.ts";

/** A tag's own fields, as its messages and the tag list carry them. */
export function tagRow(wire: Wire, tag: TagRow): Json {
  return {
    id: wire.number(tag.id),
    name: tag.name,
    colour: tag.colour,
    exportable: wire.flag(tag.exportable),
    org_id: wire.number(0),
    user_id: wire.number(0),
    hide_tag: wire.flag(false),
    numerical_value: null,
    is_galaxy: wire.flag(false),
    is_custom_galaxy: wire.flag(false),
    local_only: wire.flag(false),
  };
}

/** The tag itself was created, edited or deleted. */
export function tagSaved(wire: Wire, tag: TagRow, action: "add" | "edit" | "delete"): Json {
  return { Tag: tagRow(wire, tag), action };
}

/** A tag was attached to or detached from an attribute: numeric ids only, and nothing says whether it is local. */
export function attributeTagged(wire: Wire, tag: TagRow, attribute: AttributeRow, verb: "attached" | "detached"): Json {
  const ids = { attribute_id: wire.number(attribute.id), event_id: wire.number(attribute.event.id) };
  return {
    Tag: { ...tagRow(wire, tag), ...ids },
    action: verb === "attached" ? "attached to attribute" : "detached from attribute",
  };
}

/** A tag was attached to an event. */
export function eventTagged(wire: Wire, tag: TagRow, event: EventRow, local: boolean): Json {
  return {
    Tag: { ...tagRow(wire, tag), event_id: wire.number(event.id), local: wire.flag(local) },
    action: "attached to event",
  };
}

/** A tag was detached from an event. Recorded without `local`. */
export function eventUntagged(wire: Wire, tag: TagRow, event: EventRow): Json {
  return { Tag: { ...tagRow(wire, tag), event_id: wire.number(event.id) }, action: "detached from event" };
}

/** An object was added, soft-deleted or deleted for good. */
export function objectSaved(wire: Wire, object: ObjectRow, action: "add" | "soft-delete" | "delete"): Json {
  return { Object: objectRow(wire, object), action };
}

/** A sighting was added or deleted. */
export function sightingSaved(wire: Wire, sighting: SightingRow, action: "add" | "delete"): Json {
  const { attribute } = sighting;
  const { event } = attribute;
  return {
    Sighting: {
      id: wire.number(sighting.id),
      attribute_id: wire.number(attribute.id),
      event_id: wire.number(event.id),
      org_id: wire.number(sighting.org.id),
      date_sighting: wire.number(sighting.date),
      uuid: sighting.uuid,
      source: sighting.source,
      type: wire.number(sighting.type),
      Event: {
        id: wire.number(event.id),
        uuid: event.uuid,
        orgc_id: wire.number(event.orgc.id),
        org_id: wire.number(event.org.id),
        info: event.info,
        Orgc: { name: event.orgc.name },
      },
      Attribute: {
        id: wire.number(attribute.id),
        uuid: attribute.uuid,
        type: attribute.type,
        category: attribute.category,
        to_ids: wire.flag(attribute.toIds),
        value: attribute.value,
      },
    },
    action,
  };
}
