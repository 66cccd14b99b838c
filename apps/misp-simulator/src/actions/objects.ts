import { attributeDeleted, attributeSaved } from "../messages/attribute-message.ts";
import { objectSaved } from "../messages/other-messages.ts";
import { topics } from "../messages/topics.ts";
import type { EventRow, ObjectRow } from "../rows.ts";
import { bury, find } from "../state.ts";
import { createAttribute, dropAttribute, markDeleted, type NewAttribute, toNewAttribute } from "./attributes.ts";
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

/** An object to be made, with its attributes. */
export interface NewObject {
  readonly name: string;
  readonly attributes: readonly NewAttribute[];
  readonly uuid?: string;
  /** From the object's template. @default null, as recorded for an import */
  readonly description?: string;
  /** MISP's code. @default 5 */
  readonly distribution?: number;
}

/** What an analyst does to objects. */
export interface ObjectActions {
  addObject(
    options: NewObject & { readonly eventId: number },
  ): CreatedResult & { readonly attributeIds: readonly number[] };
  /** Sends each attribute's `soft-delete` twice, the object's between them (recorded). */
  softDeleteObject(options: { readonly id: number; readonly sanitise?: boolean }): ActionResult;
  hardDeleteObject(options: { readonly id: number }): ActionResult;
}

/** Makes an object with its attributes and says so. The event is not touched. */
export function createObject(context: ActionContext, out: Emission, event: EventRow, options: NewObject): ObjectRow {
  const object: ObjectRow = {
    id: context.nextId("object"),
    uuid: claimUuid(context, options.uuid),
    event,
    name: options.name,
    description: options.description ?? null,
    templateUuid: "43b3b146-77eb-4931-b4cc-b66c60f28734",
    templateVersion: 11,
    timestamp: context.now(),
    distribution: options.distribution ?? 5,
    deleted: false,
    attributes: new Set(),
  };
  context.state.objects.add(object);
  event.objects.add(object);
  out.emit(topics.object, objectSaved(object, "add"));
  for (const attribute of options.attributes) createAttribute(context, out, event, attribute, object);
  return object;
}

/** The object actions on a model. */
export function createObjectActions(context: ActionContext): ObjectActions {
  const { state } = context;

  return {
    addObject({ eventId, ...options }) {
      const event = find(state.events, eventId, "event");
      checkUuids(context, [options.uuid, ...options.attributes.map(({ uuid }) => uuid)]);
      const out = createEmission();
      const object = createObject(context, out, event, options);
      touchEvent(context, event);
      const attributeIds = [...object.attributes].map(({ id }) => id);
      return { id: object.id, attributeIds, notifications: out.notifications };
    },

    softDeleteObject({ id, sanitise = false }) {
      const object = find(state.objects, id, "object");
      const out = createEmission();
      if (sanitise) {
        Object.assign(object, {
          name: "N/A",
          description: "N/A",
          templateUuid: "N/A",
          templateVersion: 0,
        });
      }
      object.deleted = true;
      object.timestamp = context.now();
      for (const attribute of object.attributes) markDeleted(context, attribute, sanitise);
      const sayAttributes = () => {
        for (const attribute of object.attributes) out.emit(topics.attribute, attributeSaved(attribute, false));
      };
      sayAttributes();
      out.emit(topics.object, objectSaved(object, "soft-delete"));
      sayAttributes();
      touchEvent(context, object.event);
      return out;
    },

    hardDeleteObject({ id }) {
      const object = find(state.objects, id, "object");
      const out = createEmission();
      out.emit(topics.object, objectSaved(object, "delete"));
      for (const attribute of [...object.attributes]) {
        out.emit(topics.attribute, attributeDeleted(attribute));
        bury(state.graveyard.attributes, toNewAttribute(attribute));
        dropAttribute(context, attribute);
      }
      state.objects.delete(object);
      state.uuids.delete(object.uuid);
      object.event.objects.delete(object);
      touchEvent(context, object.event);
      return out;
    },
  };
}
