import type { Attachment, EventRow } from "./rows.ts";
import type { MispState } from "./state.ts";

/** A tag on something. */
interface TagView {
  readonly id: number;
  readonly name: string;
  readonly exportable: boolean;
  readonly local: boolean;
}

/** The event that an attribute is in. */
interface EventView {
  readonly id: number;
  readonly uuid: string;
  readonly info: string;
  readonly published: boolean;
  readonly distribution: number;
  readonly timestamp: number;
  /** The organisation that created it. */
  readonly orgc: { readonly id: number; readonly uuid: string; readonly name: string };
  readonly tags: readonly TagView[];
}

/** A live attribute as MISP holds it: enough to say what a filter would let through. */
export interface AttributeView {
  readonly id: number;
  readonly uuid: string;
  readonly type: string;
  readonly value: string;
  readonly category: string;
  readonly comment: string;
  readonly toIds: boolean;
  /** Whole seconds. */
  readonly timestamp: number;
  readonly distribution: number;
  /** Its own tags; the event's are with the event. */
  readonly tags: readonly TagView[];
  readonly event: EventView;
}

function tagView({ tag, local }: Attachment): TagView {
  return { id: tag.id, name: tag.name, exportable: tag.exportable, local };
}

function eventView(event: EventRow): EventView {
  const { id, uuid, info, published, distribution, timestamp, orgc } = event;
  return {
    ...{ id, uuid, info, published, distribution, timestamp },
    orgc: { id: orgc.id, uuid: orgc.uuid, name: orgc.name },
    tags: event.tags.map(tagView),
  };
}

/** Copies of all live attributes. Attributes of one event share its view. */
export function listAttributes(state: MispState): AttributeView[] {
  const views: AttributeView[] = [];
  for (const event of state.events) {
    const view = eventView(event);
    for (const row of event.attributes) {
      if (row.deleted) continue;
      const { id, uuid, type, value, category, comment, toIds, timestamp, distribution } = row;
      views.push({
        ...{ id, uuid, type, value, category, comment, toIds, timestamp, distribution },
        tags: row.tags.map(tagView),
        event: view,
      });
    }
  }
  return views;
}
