import { attributeSighting } from "../../messages/attribute-message.ts";
import type { Json, Wire } from "../../messages/wire.ts";
import type { Attachment, AttributeRow, EventRow } from "../../rows.ts";
import type { View } from "../visibility.ts";
import { isEmpty } from "./terms.ts";

/** What a search adds to its rows. */
export interface RowOptions {
  readonly allTags: boolean;
  readonly eventTags: boolean;
  readonly context: boolean;
  readonly eventUuid: boolean;
  readonly sightings: boolean;
}

/** From the filter's `include…` keys. */
export function parseRowOptions(filters: Json): RowOptions {
  const asked = (name: string) => !isEmpty(filters[name]);
  return {
    allTags: asked("includeAllTags"),
    eventTags: asked("includeEventTags"),
    context: asked("includeContext"),
    eventUuid: asked("includeEventUuid"),
    sightings: asked("includeSightings"),
  };
}

/** Recorded: `exportable` is in none of them, and `local` leads in an event's own list. */
function tagFields(wire: Wire, { tag }: Attachment): Json {
  return { id: wire.number(tag.id), name: tag.name, colour: tag.colour, numerical_value: null };
}

function eventSummary(wire: Wire, event: EventRow): Json {
  return {
    org_id: wire.number(event.org.id),
    distribution: wire.number(event.distribution),
    publish_timestamp: wire.number(event.publishTimestamp),
    id: wire.number(event.id),
    info: event.info,
    orgc_id: wire.number(event.orgc.id),
    uuid: event.uuid,
  };
}

function eventContext(wire: Wire, event: EventRow, tags: readonly Attachment[]): Json {
  return {
    id: wire.number(event.id),
    orgc_id: wire.number(event.orgc.id),
    org_id: wire.number(event.org.id),
    date: event.date,
    threat_level_id: wire.number(event.threatLevel),
    info: event.info,
    published: wire.flag(event.published),
    uuid: event.uuid,
    analysis: wire.number(event.analysis),
    timestamp: wire.number(event.timestamp),
    distribution: wire.number(event.distribution),
    publish_timestamp: wire.number(event.publishTimestamp),
    sharing_group_id: wire.number(0),
    extends_uuid: "",
    Tag: tags.map((attachment) => ({ local: wire.flag(attachment.local), ...tagFields(wire, attachment) })),
    Orgc: {
      id: wire.number(event.orgc.id),
      name: event.orgc.name,
      uuid: event.orgc.uuid,
      local: wire.flag(event.orgc.local),
    },
  };
}

/** Writes rows as attributes/restSearch does. Rows of one event share what they say about it. */
export function createRowWriter(wire: Wire, options: RowOptions, view: View): (row: AttributeRow) => Json {
  const shown = (tags: readonly Attachment[]) => tags.filter(({ tag }) => options.allTags || tag.exportable);
  const events = new Map<EventRow, { readonly Event: Json; readonly inherited: readonly Json[] }>();

  function aboutEvent(event: EventRow) {
    let about = events.get(event);
    if (about === undefined) {
      const tags = shown(event.tags);
      about = {
        Event: options.context ? eventContext(wire, event, tags) : eventSummary(wire, event),
        inherited: options.eventTags
          ? tags.map((attachment) => ({ ...tagFields(wire, attachment), inherited: 1 }))
          : [],
      };
      events.set(event, about);
    }
    return about;
  }

  return (row) => {
    const { Event, inherited } = aboutEvent(row.event);
    const own = shown(row.tags).map((attachment) => ({
      ...tagFields(wire, attachment),
      is_galaxy: wire.flag(false),
      local: wire.flag(attachment.local),
    }));
    const tags: Json[] = [...own, ...inherited];
    const sightings = row.sightings.filter(({ org }) => view.sighting(org.id, row.event));
    return {
      id: wire.number(row.id),
      event_id: wire.number(row.event.id),
      object_id: wire.number(row.object?.id ?? 0),
      object_relation: row.objectRelation,
      category: row.category,
      type: row.type,
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
      ...(options.eventUuid && { event_uuid: row.event.uuid }),
      ...(options.sightings && { Sighting: sightings.map((sighting) => attributeSighting(wire, sighting)) }),
      Event,
      ...(tags.length > 0 && { Tag: tags }),
      ...(row.object && {
        Object: {
          id: wire.number(row.object.id),
          distribution: wire.number(row.object.distribution),
          sharing_group_id: wire.number(0),
        },
      }),
    };
  };
}
