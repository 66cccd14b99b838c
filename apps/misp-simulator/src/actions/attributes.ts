import { typeDefaults } from "../attribute-types.ts";
import { attributeDeleted, attributeSaved } from "../messages/attribute-message.ts";
import { eventSaved } from "../messages/event-message.ts";
import { attributeTagged } from "../messages/other-messages.ts";
import { topics } from "../messages/topics.ts";
import type { AttributeRow, EventRow, ObjectRow } from "../rows.ts";
import { SimulatorError } from "../simulator-error.ts";
import { bury, find } from "../state.ts";
import {
  type ActionContext,
  type ActionResult,
  type CreatedResult,
  checkUuids,
  claimUuid,
  createEmission,
  type Emission,
  touchEvent,
} from "./context.ts";
import { attachToAttribute, captureTag, exportedTags, type NewTag } from "./tags.ts";

/** An attribute to be made. */
export interface NewAttribute {
  readonly type: string;
  /** Kept as given: MISP's own normalisation (lower case, refanging) is not repeated here. */
  readonly value: string;
  readonly uuid?: string;
  /** By default what MISP proposes for the type. */
  readonly category?: string;
  /** By default what MISP proposes for the type. */
  readonly toIds?: boolean;
  readonly comment?: string;
  /** Whole seconds; MISP keeps any, also old ones. @default now */
  readonly timestamp?: number;
  /** MISP's code; 5 inherits the event's. @default 5 */
  readonly distribution?: number;
  readonly firstSeen?: string;
  readonly lastSeen?: string;
  /** Soft-deleted already, as an import can bring it. @default false */
  readonly deleted?: boolean;
  readonly objectRelation?: string;
  readonly tags?: readonly NewTag[];
}

/** What an edit changes. Absent: stays. */
export interface AttributeEdit {
  readonly type?: string;
  readonly value?: string;
  readonly category?: string;
  readonly toIds?: boolean;
  readonly comment?: string;
  readonly deleted?: boolean;
}

/** What an analyst does to attributes. */
export interface AttributeActions {
  addAttribute(options: NewAttribute & { readonly eventId: number }): CreatedResult;
  addAttributes(options: {
    readonly eventId: number;
    readonly attributes: readonly NewAttribute[];
  }): ActionResult & { readonly ids: readonly number[] };
  /** Sends `edit` also when nothing changed. `timestamp` must be newer than the stored one, as in MISP; it may be in the future. */
  editAttribute(options: AttributeEdit & { readonly id: number; readonly timestamp?: number }): ActionResult;
  /** `sanitise`: as with MISP's setting `Security.sanitise_attribute_on_delete`. @default false */
  softDelete(options: { readonly id: number; readonly sanitise?: boolean }): ActionResult;
  /** Also of an attribute that is not deleted. The event's `edit` follows (recorded). */
  restore(options: { readonly id: number }): ActionResult;
  /** `withTagMessages`: a `detached from attribute` for each tag follows, as MISP's cascade sends it (not recorded). */
  hardDelete(options: { readonly id: number; readonly withTagMessages?: boolean }): ActionResult;
  /** Edits attributes as `events/edit` with `fast_update` does: only the event's `edit` goes out (recorded). */
  fastUpdate(options: {
    readonly eventId: number;
    readonly attributes: readonly (AttributeEdit & { readonly id: number })[];
  }): ActionResult;
}

/** Makes an attribute and says so; its tags follow in messages of their own. The event is not touched. */
export function createAttribute(
  context: ActionContext,
  out: Emission,
  event: EventRow,
  options: NewAttribute,
  object?: ObjectRow,
): AttributeRow {
  const defaults = typeDefaults(options.type);
  const row: AttributeRow = {
    id: context.nextId("attribute"),
    uuid: claimUuid(context, options.uuid),
    createdAt: context.now(),
    event,
    ...(object && { object }),
    objectRelation: object ? (options.objectRelation ?? options.type) : null,
    category: options.category ?? defaults.category,
    type: options.type,
    value: options.value,
    toIds: options.toIds ?? defaults.toIds,
    timestamp: options.timestamp ?? context.now(),
    distribution: options.distribution ?? 5,
    comment: options.comment ?? "",
    deleted: options.deleted ?? false,
    firstSeen: options.firstSeen ?? null,
    lastSeen: options.lastSeen ?? null,
    tags: [],
    sightings: [],
  };
  for (const tag of options.tags ?? []) captureTag(context, out, tag);
  context.state.attributes.add(row);
  context.state.attributesByUuid.set(row.uuid, row);
  event.attributes.add(row);
  object?.attributes.add(row);
  out.emit(topics.attribute, attributeSaved(row, true));
  for (const tag of options.tags ?? []) attachToAttribute(context, out, row, tag);
  return row;
}

/** The attribute as an export has it. */
export function toNewAttribute(row: AttributeRow): NewAttribute {
  const { uuid, type, value, category, toIds, comment, timestamp, distribution, deleted } = row;
  return {
    ...{ uuid, type, value, category, toIds, comment, timestamp, distribution, deleted },
    ...(row.firstSeen !== null && { firstSeen: row.firstSeen }),
    ...(row.lastSeen !== null && { lastSeen: row.lastSeen }),
    ...(row.objectRelation !== null && { objectRelation: row.objectRelation }),
    tags: exportedTags(row.tags),
  };
}

/** Removes an attribute's row and its sightings, without a word. */
export function dropAttribute(context: ActionContext, row: AttributeRow): void {
  context.state.attributes.delete(row);
  context.state.attributesByUuid.delete(row.uuid);
  context.state.uuids.delete(row.uuid);
  for (const sighting of row.sightings) {
    context.state.sightings.delete(sighting);
    context.state.uuids.delete(sighting.uuid);
  }
  row.event.attributes.delete(row);
  row.object?.attributes.delete(row);
}

/** Marks as deleted; with `sanitise` MISP overwrites what the attribute said. */
export function markDeleted(context: ActionContext, row: AttributeRow, sanitise: boolean): void {
  if (sanitise) Object.assign(row, { category: "Other", type: "comment", value: "deleted", comment: "", toIds: false });
  row.deleted = true;
  row.timestamp = context.now();
}

function apply(row: AttributeRow, edit: AttributeEdit): void {
  row.type = edit.type ?? row.type;
  row.value = edit.value ?? row.value;
  row.category = edit.category ?? row.category;
  row.toIds = edit.toIds ?? row.toIds;
  row.comment = edit.comment ?? row.comment;
  row.deleted = edit.deleted ?? row.deleted;
}

/** The attribute actions on a model. */
export function createAttributeActions(context: ActionContext): AttributeActions {
  const { state } = context;

  function save(out: Emission, row: AttributeRow): void {
    out.emit(topics.attribute, attributeSaved(row, false));
    touchEvent(context, row.event);
  }

  function add(eventId: number, attributes: readonly NewAttribute[]): ActionResult & { readonly ids: number[] } {
    const event = find(state.events, eventId, "event");
    checkUuids(
      context,
      attributes.map(({ uuid }) => uuid),
    );
    const out = createEmission();
    const ids = attributes.map((attribute) => createAttribute(context, out, event, attribute).id);
    touchEvent(context, event);
    return { ids, notifications: out.notifications };
  }

  return {
    addAttribute({ eventId, ...attribute }) {
      const { ids, notifications } = add(eventId, [attribute]);
      return { id: ids[0] ?? 0, notifications };
    },

    addAttributes: ({ eventId, attributes }) => add(eventId, attributes),

    editAttribute({ id, timestamp, ...edit }) {
      const row = find(state.attributes, id, "attribute");
      if (timestamp !== undefined && timestamp <= row.timestamp) {
        throw new SimulatorError(
          "refused",
          `attribute ${id} has timestamp ${row.timestamp}, not older than ${timestamp}`,
        );
      }
      const out = createEmission();
      apply(row, edit);
      row.timestamp = timestamp ?? context.now();
      save(out, row);
      return out;
    },

    softDelete({ id, sanitise = false }) {
      const row = find(state.attributes, id, "attribute");
      const out = createEmission();
      markDeleted(context, row, sanitise);
      save(out, row);
      return out;
    },

    restore({ id }) {
      const row = find(state.attributes, id, "attribute");
      if (row.object?.deleted) throw new SimulatorError("refused", `the object of attribute ${id} is deleted`);
      const out = createEmission();
      row.deleted = false;
      row.timestamp = context.now();
      save(out, row);
      out.emit(topics.event, eventSaved(row.event, "edit"));
      return out;
    },

    hardDelete({ id, withTagMessages = false }) {
      const row = find(state.attributes, id, "attribute");
      const out = createEmission();
      out.emit(topics.attribute, attributeDeleted(row));
      if (withTagMessages) {
        for (const { tag } of row.tags) out.emit(topics.tag, attributeTagged(tag, row, "detached"));
      }
      bury(state.graveyard.attributes, toNewAttribute(row));
      dropAttribute(context, row);
      touchEvent(context, row.event);
      return out;
    },

    fastUpdate({ eventId, attributes }) {
      const event = find(state.events, eventId, "event");
      const edits = attributes.map((edit) => ({ edit, row: find(state.attributes, edit.id, "attribute") }));
      const out = createEmission();
      for (const { row, edit } of edits) {
        apply(row, edit);
        row.timestamp = context.now();
      }
      touchEvent(context, event);
      out.emit(topics.event, eventSaved(event, "edit"));
      return out;
    },
  };
}
