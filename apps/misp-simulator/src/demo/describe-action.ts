import type { AnalystAction } from "../model.ts";
import { cut } from "./screen.ts";

const verbs: Readonly<Record<AnalystAction["action"], string>> = {
  addEvent: "opens an event",
  importEvent: "pulls an event",
  editEvent: "renames event",
  deleteEvent: "deletes event",
  publishEvent: "publishes event",
  unpublishEvent: "unpublishes event",
  addAttribute: "adds",
  addAttributes: "adds at once",
  editAttribute: "edits attribute",
  softDelete: "deletes attribute",
  restore: "restores attribute",
  hardDelete: "deletes for good attribute",
  fastUpdate: "edits, unseen, attribute",
  attachTag: "tags attribute",
  detachTag: "untags attribute",
  tagEvent: "tags event",
  untagEvent: "untags event",
  addTag: "makes the tag",
  renameTag: "renames tag",
  deleteTag: "deletes tag",
  mergeTags: "merges, unseen, into tag",
  addObject: "adds an object",
  softDeleteObject: "deletes object",
  hardDeleteObject: "deletes for good object",
  addSighting: "saw attribute",
  deleteSighting: "deletes sighting",
};

/** An action in a few words: what, on which id, with which value. */
export function describeAction(action: AnalystAction): string {
  const { id, attributeId, type, value, name, tag, info, toIds, attributes } = action as Readonly<
    Record<string, unknown>
  >;
  const words = [
    verbs[action.action],
    id ?? attributeId,
    Array.isArray(attributes) ? `(${attributes.length} attributes)` : undefined,
    type !== undefined && value !== undefined ? `${type}` : undefined,
    value,
    name ?? (typeof tag === "number" ? `tag ${tag}` : tag) ?? info,
    toIds === undefined || action.action !== "editAttribute" ? undefined : `to_ids ${toIds ? "on" : "off"}`,
  ].filter((word) => word !== undefined);
  return cut(words.join(" "), 44);
}
