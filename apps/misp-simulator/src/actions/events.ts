import { eventDeleted, eventSaved } from "../messages/event-message.ts";
import { eventPublished } from "../messages/publish-message.ts";
import { topics } from "../messages/topics.ts";
import type { EventRow } from "../rows.ts";
import { bury, find, findOrg } from "../state.ts";
import { createAttribute, dropAttribute, type NewAttribute, toNewAttribute } from "./attributes.ts";
import {
  type ActionContext,
  type ActionResult,
  type CreatedResult,
  checkUuids,
  claimUuid,
  createEmission,
} from "./context.ts";
import { createObject, type NewObject } from "./objects.ts";
import { attachToEvent, captureTag, exportedTags, type NewTag } from "./tags.ts";

/** An event to be made: by hand with nothing in it, or by an import or a sync pull with everything. */
export interface NewEvent {
  readonly info: string;
  readonly uuid?: string;
  /** The creator organisation's id. @default 1 */
  readonly orgcId?: number;
  /** `YYYY-MM-DD`. @default today */
  readonly date?: string;
  /** Whole seconds. @default now */
  readonly timestamp?: number;
  /** MISP's code. @default 1 */
  readonly distribution?: number;
  /** A published import ends with the publish message. @default false */
  readonly published?: boolean;
  readonly tags?: readonly NewTag[];
  readonly attributes?: readonly NewAttribute[];
  readonly objects?: readonly NewObject[];
}

/** An event with what came in it. */
interface ImportResult extends CreatedResult {
  /** The attributes' ids in the order given, those of objects last. */
  readonly attributeIds: readonly number[];
}

/** What an analyst does to events. */
export interface EventActions {
  addEvent(options: Omit<NewEvent, "attributes" | "objects" | "published">): CreatedResult;
  /** Tags that MISP does not know, the event, its tags, then each attribute followed by its tags. */
  importEvent(options: NewEvent): ImportResult;
  editEvent(options: { readonly id: number; readonly info?: string; readonly distribution?: number }): ActionResult;
  /** One message for all that is in it. */
  deleteEvent(options: { readonly id: number }): ActionResult;
  /** `stale`: the message still says `published: false`, as MISP's often does. @default true */
  publishEvent(options: { readonly id: number; readonly stale?: boolean }): ActionResult;
  unpublishEvent(options: { readonly id: number }): ActionResult;
}

/** The event as an export has it, under its uuids: what an import needs to bring it back. */
function exportEvent(event: EventRow): NewEvent {
  return {
    info: event.info,
    uuid: event.uuid,
    orgcId: event.orgc.id,
    date: event.date,
    timestamp: event.timestamp,
    distribution: event.distribution,
    published: event.published,
    tags: exportedTags(event.tags),
    attributes: [...event.attributes].filter(({ object }) => object === undefined).map(toNewAttribute),
    objects: [...event.objects]
      // A deleted object comes back only with its attributes restored, which the model does not do.
      .filter(({ deleted }) => !deleted)
      .map(({ uuid, name, distribution, attributes }) => ({
        ...{ uuid, name, distribution },
        attributes: [...attributes].map(toNewAttribute),
      })),
  };
}

/** The event actions on a model. */
export function createEventActions(context: ActionContext): EventActions {
  const { state } = context;

  function importEvent(options: NewEvent): ImportResult {
    const { attributes = [], objects = [], tags = [] } = options;
    const orgc = findOrg(state, options.orgcId ?? 1);
    const everyAttribute = [...attributes, ...objects.flatMap((object) => object.attributes)];
    checkUuids(context, [options.uuid, ...everyAttribute.map(({ uuid }) => uuid), ...objects.map(({ uuid }) => uuid)]);

    const out = createEmission();
    for (const tag of [...tags, ...everyAttribute.flatMap((attribute) => attribute.tags ?? [])]) {
      captureTag(context, out, tag);
    }
    const event: EventRow = {
      id: context.nextId("event"),
      uuid: claimUuid(context, options.uuid),
      date: options.date ?? new Date(context.now() * 1000).toISOString().slice(0, 10),
      info: options.info,
      orgc,
      org: findOrg(state, 1),
      published: options.published ?? false,
      timestamp: options.timestamp ?? context.now(),
      publishTimestamp: 0,
      sightingTimestamp: 0,
      analysis: 0,
      threatLevel: 2,
      distribution: options.distribution ?? 1,
      attributes: new Set(),
      objects: new Set(),
      tags: [],
    };
    state.events.add(event);
    out.emit(topics.event, eventSaved(event, "add"));
    for (const tag of tags) attachToEvent(context, out, event, tag);
    const attributeIds = attributes.map((attribute) => createAttribute(context, out, event, attribute).id);
    for (const object of objects) {
      attributeIds.push(...[...createObject(context, out, event, object).attributes].map(({ id }) => id));
    }
    if (event.published) out.emit(topics.publish, eventPublished(event));
    return { id: event.id, attributeIds, notifications: out.notifications };
  }

  return {
    addEvent: importEvent,
    importEvent,

    editEvent({ id, info, distribution }) {
      const event = find(state.events, id, "event");
      const out = createEmission();
      event.info = info ?? event.info;
      event.distribution = distribution ?? event.distribution;
      event.timestamp = context.now();
      event.published = false;
      out.emit(topics.event, eventSaved(event, "edit"));
      return out;
    },

    deleteEvent({ id }) {
      const event = find(state.events, id, "event");
      const out = createEmission();
      out.emit(topics.event, eventDeleted(event));
      bury(state.graveyard.events, exportEvent(event));
      for (const attribute of [...event.attributes]) dropAttribute(context, attribute);
      for (const object of event.objects) {
        state.objects.delete(object);
        state.uuids.delete(object.uuid);
      }
      state.events.delete(event);
      state.uuids.delete(event.uuid);
      return out;
    },

    publishEvent({ id, stale = true }) {
      const event = find(state.events, id, "event");
      const out = createEmission();
      if (stale) out.emit(topics.publish, eventPublished(event));
      event.published = true;
      event.publishTimestamp = context.now();
      if (!stale) out.emit(topics.publish, eventPublished(event));
      return out;
    },

    unpublishEvent({ id }) {
      const event = find(state.events, id, "event");
      const out = createEmission();
      event.published = false;
      out.emit(topics.event, eventSaved(event, "edit"));
      return out;
    },
  };
}
