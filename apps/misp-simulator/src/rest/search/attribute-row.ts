import { attributeRow, attributeSighting } from "../../messages/attribute-message.ts";
import type { Json } from "../../messages/json.ts";
import { publishedOrg } from "../../messages/publish-message.ts";
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
function tagFields({ tag }: Attachment): Json {
  return { id: String(tag.id), name: tag.name, colour: tag.colour, numerical_value: null };
}

function eventSummary(event: EventRow): Json {
  return {
    org_id: String(event.org.id),
    distribution: String(event.distribution),
    publish_timestamp: String(event.publishTimestamp),
    id: String(event.id),
    info: event.info,
    orgc_id: String(event.orgc.id),
    uuid: event.uuid,
  };
}

function eventContext(event: EventRow, tags: readonly Attachment[]): Json {
  return {
    id: String(event.id),
    orgc_id: String(event.orgc.id),
    org_id: String(event.org.id),
    date: event.date,
    threat_level_id: String(event.threatLevel),
    info: event.info,
    published: event.published,
    uuid: event.uuid,
    analysis: String(event.analysis),
    timestamp: String(event.timestamp),
    distribution: String(event.distribution),
    publish_timestamp: String(event.publishTimestamp),
    sharing_group_id: "0",
    extends_uuid: "",
    Tag: tags.map((attachment) => ({ local: attachment.local, ...tagFields(attachment) })),
    Orgc: publishedOrg(event.orgc),
  };
}

/** Writes rows as attributes/restSearch does. Rows of one event share what they say about it. */
export function createRowWriter(options: RowOptions, view: View): (row: AttributeRow) => Json {
  const shown = (tags: readonly Attachment[]) => tags.filter(({ tag }) => options.allTags || tag.exportable);
  const events = new Map<EventRow, { readonly Event: Json; readonly inherited: readonly Json[] }>();

  function aboutEvent(event: EventRow) {
    let about = events.get(event);
    if (about === undefined) {
      const tags = shown(event.tags);
      about = {
        Event: options.context ? eventContext(event, tags) : eventSummary(event),
        inherited: options.eventTags ? tags.map((attachment) => ({ ...tagFields(attachment), inherited: 1 })) : [],
      };
      events.set(event, about);
    }
    return about;
  }

  return (row) => {
    const { Event, inherited } = aboutEvent(row.event);
    const own = shown(row.tags).map((attachment) => ({
      ...tagFields(attachment),
      is_galaxy: false,
      local: attachment.local,
    }));
    const tags: Json[] = [...own, ...inherited];
    const { value1, value2, ...fields } = attributeRow(row);
    const sightings = row.sightings.filter(({ org }) => view.sighting(org.id, row.event));
    return {
      ...fields,
      ...(options.eventUuid && { event_uuid: row.event.uuid }),
      ...(options.sightings && { Sighting: sightings.map(attributeSighting) }),
      Event,
      ...(tags.length > 0 && { Tag: tags }),
      ...(row.object && {
        Object: {
          id: String(row.object.id),
          distribution: String(row.object.distribution),
          sharing_group_id: "0",
        },
      }),
    };
  };
}
