import {
  attachTag,
  type Change,
  detachTag,
  listTags,
  sameTags,
  type Tag,
  type TagSet,
  unknownEvent,
} from "@tb/misp-core";
import type { Batch, Dropped } from "./batch.ts";

/** How many tag messages may wait for an attribute that is not known yet. */
const maxWaitingTags = 100_000;

type TagChange = Extract<Change, { kind: "tag-attached" | "tag-detached" }>;

/** A tag's name, and whether it may leave MISP. */
export function learnTag({ draft, touch, touchEvent }: Batch, tag: Tag, atMs: number): void {
  const known = draft.tag(tag.id);
  if (known !== undefined && (known.deleted === true || known.atMs > atMs)) return;
  const exportable = tag.exportable ?? known?.exportable;
  // Also when it says what is known: what is older than this and comes later must not count as newer.
  draft.setTag({ id: tag.id, name: tag.name, ...(exportable === undefined ? {} : { exportable }), atMs });
  if (known === undefined || (known.name === tag.name && known.exportable === exportable)) return;
  const carriers = draft.taggedWith(tag.id);
  for (const id of carriers.attributeIds) touch(id, atMs);
  for (const id of carriers.eventIds) touchEvent(id, atMs);
}

/** What a complete list of tags makes of a set. */
export function applyTagList(batch: Batch, set: TagSet, tags: readonly Tag[], atMs: number): TagSet {
  for (const tag of tags) learnTag(batch, tag, atMs);
  // A list from before a tag was deleted still has it.
  return listTags(
    set,
    tags.filter((tag) => batch.draft.tag(tag.id)?.deleted !== true),
    atMs,
  );
}

export function applyTag(batch: Batch, { kind, tag, target, observedAtMs: atMs }: TagChange): Dropped {
  learnTag(batch, tag, atMs);
  if (batch.draft.tag(tag.id)?.deleted === true) return undefined;
  const attached = kind === "tag-attached";
  const tagging = { ...tag, attached, atMs };
  return "attributeId" in target
    ? tagAttribute(batch, target.attributeId, tagging)
    : tagEvent(batch, target.eventId, tagging);
}

export function applyTagDeleted(batch: Batch, { id, name }: Tag, atMs: number): void {
  const detached = { id, attached: false, atMs };
  const carriers = batch.draft.taggedWith(id);
  for (const attributeId of carriers.attributeIds) tagAttribute(batch, attributeId, detached);
  for (const eventId of carriers.eventIds) tagEvent(batch, eventId, detached);
  batch.draft.setTag({ id, name, atMs, deleted: true });
}

/** A tag that was attached or detached. */
interface Tagging {
  readonly id: number;
  readonly attached: boolean;
  readonly local?: boolean;
  readonly atMs: number;
}

function tagAttribute({ draft, rules, touch, hearOf }: Batch, attributeId: number, tagging: Tagging): Dropped {
  const entry = draft.entry(attributeId);
  const { id: tagId, attached, atMs } = tagging;
  if (entry === undefined) {
    if (draft.waitingCount() >= maxWaitingTags) return "waiting_tag";
    draft.wait({ attributeId, tagId, attached, atMs });
    return undefined;
  }
  hearOf(entry.eventId);
  const tags = tagged(entry.tags, tagging);
  if (tags === entry.tags) {
    // Older than the list that a row brought, unless MISP's clock and ours differ (Kafka's records carry MISP's).
    if (entry.seenInRest) rules.completeness?.onDoubt(entry.uuid);
    return undefined;
  }
  draft.setEntry({ ...entry, tags });
  touch(attributeId, atMs);
  return undefined;
}

function tagEvent({ draft, touchEvent, hearOf }: Batch, eventId: number, tagging: Tagging): Dropped {
  if (draft.event(eventId)?.deleted) return "late_event";
  // Though it may change nothing: a local tag gives the event no other version, so whether it is older than the list that a row
  // brought depends on MISP's clock and ours.
  hearOf(eventId);
  const event = draft.event(eventId) ?? unknownEvent(eventId);
  const tags = tagged(event.tags, tagging);
  if (tags === event.tags) return undefined;
  draft.setEvent({ ...event, tags });
  if (!sameTags(event.tags, tags)) touchEvent(eventId, tagging.atMs);
  return undefined;
}

/** What attaching or detaching a tag makes of a set. */
export function tagged(set: TagSet, { id, attached, local, atMs }: Tagging): TagSet {
  return attached ? attachTag(set, id, local, atMs) : detachTag(set, id, atMs);
}
