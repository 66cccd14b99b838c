import { attributeSaved } from "../messages/attribute-message.ts";
import { attributeTagged, eventTagged, eventUntagged, tagSaved } from "../messages/other-messages.ts";
import { topics } from "../messages/topics.ts";
import type { Attachment, AttributeRow, EventRow, TagRow } from "../rows.ts";
import { SimulatorError } from "../simulator-error.ts";
import { find } from "../state.ts";
import {
  type ActionContext,
  type ActionResult,
  type CreatedResult,
  createEmission,
  type Emission,
  touchEvent,
} from "./context.ts";

/** A tag by its numeric id or by its name; a name that MISP does not know yet becomes a new tag, as when importing. */
type TagReference = number | string;

/** A tag to attach to something new. */
export interface NewTag {
  readonly name: string;
  /** @default false */
  readonly local?: boolean;
  /** Of a tag that MISP does not know yet. @default true */
  readonly exportable?: boolean;
}

interface TagAttribute {
  readonly id: number;
  readonly tag: TagReference;
  /** Some of MISP's routes send the tag message alone, without the attribute's `edit`. @default false */
  readonly tagMessageOnly?: boolean;
}

/** What an analyst does to tags. */
export interface TagActions {
  addTag(options: { readonly name: string; readonly colour?: string; readonly exportable?: boolean }): CreatedResult;
  renameTag(options: { readonly id: number; readonly name: string }): ActionResult;
  /** `delete`, then a message for each place that it hung on. */
  deleteTag(options: { readonly id: number }): ActionResult;
  /**
   * What carries `from` carries `id` instead, and `from` is gone. MISP does it in its database: no message, and no event gets
   * another version.
   */
  mergeTags(options: { readonly id: number; readonly from: number }): ActionResult;
  /** A tag message and the attribute's `edit` with the new list; a local tag sends its tag message only. */
  attachTag(options: TagAttribute & { readonly local?: boolean }): ActionResult;
  detachTag(options: TagAttribute): ActionResult;
  /** A tag message; nothing for the event's attributes. */
  tagEvent(options: { readonly id: number; readonly tag: TagReference; readonly local?: boolean }): ActionResult;
  untagEvent(options: { readonly id: number; readonly tag: TagReference }): ActionResult;
}

/** MISP looks names up in lower case: `TLP:AMBER` is the tag `tlp:amber`. */
function tagNamed(context: ActionContext, name: string): TagRow | undefined {
  const wanted = name.toLowerCase();
  for (const tag of context.state.tags) if (tag.name.toLowerCase() === wanted) return tag;
  return undefined;
}

function createTag(
  context: ActionContext,
  out: Emission,
  options: { readonly name: string; readonly colour?: string; readonly exportable?: boolean },
): TagRow {
  const id = context.nextId("tag");
  // MISP picks a colour by chance; here it follows from the id, so that a run can be repeated.
  const colour = `#${((id * 0x9e3779) & 0xffffff).toString(16).padStart(6, "0")}`;
  const tag = { id, name: options.name, colour: options.colour ?? colour, exportable: options.exportable ?? true };
  context.state.tags.add(tag);
  out.emit(topics.tag, tagSaved(tag, "add"));
  return tag;
}

/** Makes the tag unless MISP knows its name. */
export function captureTag(context: ActionContext, out: Emission, tag: NewTag): TagRow {
  return tagNamed(context, tag.name) ?? createTag(context, out, tag);
}

/** The tag referred to, if its name is known; an unknown id is an error. */
function knownTag(context: ActionContext, reference: TagReference): TagRow | undefined {
  return typeof reference === "number" ? find(context.state.tags, reference, "tag") : tagNamed(context, reference);
}

/** The tag referred to; an unknown name is created, an unknown id is an error. */
function resolveTag(context: ActionContext, out: Emission, reference: TagReference): TagRow {
  if (typeof reference === "number") return find(context.state.tags, reference, "tag");
  return captureTag(context, out, { name: reference });
}

/** The tags that leave this MISP with an export: local and non-exportable ones stay behind. */
export function exportedTags(attachments: readonly Attachment[]): NewTag[] {
  return attachments.filter(({ tag, local }) => tag.exportable && !local).map(({ tag }) => ({ name: tag.name }));
}

/** Attaches to an attribute and says so, unless it hangs there already. */
export function attachToAttribute(context: ActionContext, out: Emission, row: AttributeRow, newTag: NewTag): boolean {
  const tag = captureTag(context, out, newTag);
  if (row.tags.some((attachment) => attachment.tag === tag)) return false;
  row.tags.push({ id: context.nextId("attachment"), tag, local: newTag.local ?? false });
  out.emit(topics.tag, attributeTagged(tag, row, "attached"));
  return true;
}

/** Attaches to an event and says so, unless it hangs there already. */
export function attachToEvent(context: ActionContext, out: Emission, event: EventRow, newTag: NewTag): boolean {
  const tag = captureTag(context, out, newTag);
  if (event.tags.some((attachment) => attachment.tag === tag)) return false;
  const local = newTag.local ?? false;
  event.tags.push({ id: context.nextId("attachment"), tag, local });
  out.emit(topics.tag, eventTagged(tag, event, local));
  return true;
}

/** A global tag changes attribute and event; recorded: the tag message first, then the `edit`. */
function saveTagged(context: ActionContext, out: Emission, row: AttributeRow, tagMessageOnly: boolean): void {
  if (!tagMessageOnly) {
    row.timestamp = context.now();
    out.emit(topics.attribute, attributeSaved(row, false));
  }
  touchEvent(context, row.event);
}

/** The tag actions on a model. */
export function createTagActions(context: ActionContext): TagActions {
  const { state } = context;

  return {
    addTag(options) {
      if (tagNamed(context, options.name)) throw new SimulatorError("refused", `a tag ${options.name} exists already`);
      const out = createEmission();
      return { id: createTag(context, out, options).id, notifications: out.notifications };
    },

    renameTag({ id, name }) {
      const tag = find(state.tags, id, "tag");
      const other = tagNamed(context, name);
      if (other && other !== tag) throw new SimulatorError("refused", `a tag ${name} exists already`);
      const out = createEmission();
      tag.name = name;
      out.emit(topics.tag, tagSaved(tag, "edit"));
      return out;
    },

    deleteTag({ id }) {
      const tag = find(state.tags, id, "tag");
      const out = createEmission();
      out.emit(topics.tag, tagSaved(tag, "delete"));
      // Recorded for attributes. Events come before them, in the order of the tag's relations in MISP's model.
      for (const event of state.events) {
        if (!event.tags.some((attachment) => attachment.tag === tag)) continue;
        event.tags = event.tags.filter((attachment) => attachment.tag !== tag);
        out.emit(topics.tag, eventUntagged(tag, event));
      }
      for (const row of state.attributes) {
        if (!row.tags.some((attachment) => attachment.tag === tag)) continue;
        row.tags = row.tags.filter((attachment) => attachment.tag !== tag);
        out.emit(topics.tag, attributeTagged(tag, row, "detached"));
      }
      state.tags.delete(tag);
      return out;
    },

    mergeTags({ id, from }) {
      const into = find(state.tags, id, "tag");
      const merged = find(state.tags, from, "tag");
      if (into === merged) throw new SimulatorError("refused", `tag ${id} cannot be merged into itself`);
      for (const carrier of [...state.events, ...state.attributes]) {
        const { tags } = carrier;
        if (!tags.some(({ tag }) => tag === merged)) continue;
        carrier.tags = tags.some(({ tag }) => tag === into)
          ? tags.filter(({ tag }) => tag !== merged)
          : tags.map((attachment) => (attachment.tag === merged ? { ...attachment, tag: into } : attachment));
      }
      state.tags.delete(merged);
      return createEmission();
    },

    attachTag({ id, tag, local = false, tagMessageOnly = false }) {
      const row = find(state.attributes, id, "attribute");
      const out = createEmission();
      const { name } = resolveTag(context, out, tag);
      // Recorded: attaching a second time answers `saved: false` and sends nothing.
      if (attachToAttribute(context, out, row, { name, local }) && !local)
        saveTagged(context, out, row, tagMessageOnly);
      return out;
    },

    detachTag({ id, tag, tagMessageOnly = false }) {
      const row = find(state.attributes, id, "attribute");
      const out = createEmission();
      const target = knownTag(context, tag);
      const attachment = row.tags.find((candidate) => candidate.tag === target);
      if (target === undefined || attachment === undefined) return out;
      row.tags = row.tags.filter((candidate) => candidate !== attachment);
      out.emit(topics.tag, attributeTagged(target, row, "detached"));
      if (!attachment.local) saveTagged(context, out, row, tagMessageOnly);
      return out;
    },

    tagEvent({ id, tag, local = false }) {
      const event = find(state.events, id, "event");
      const out = createEmission();
      const { name } = resolveTag(context, out, tag);
      if (attachToEvent(context, out, event, { name, local }) && !local) touchEvent(context, event);
      return out;
    },

    untagEvent({ id, tag }) {
      const event = find(state.events, id, "event");
      const out = createEmission();
      const target = knownTag(context, tag);
      const attachment = event.tags.find((candidate) => candidate.tag === target);
      if (target === undefined || attachment === undefined) return out;
      event.tags = event.tags.filter((candidate) => candidate !== attachment);
      out.emit(topics.tag, eventUntagged(target, event));
      if (!attachment.local) touchEvent(context, event);
      return out;
    },
  };
}
