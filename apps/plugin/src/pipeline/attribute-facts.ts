import {
  type AttributeChange,
  type AttributeDeletedChange,
  type EventContext,
  type IndexEntry,
  isEventOverruled,
  isInDoubt,
  isNewerContent,
  isOverruled,
  mergeContent,
  neverAnnounced,
  noFormer,
  noTags,
  type TagSet,
  takeOver,
} from "@tb/misp-core";
import { type Batch, type Dropped, isGoneForGood } from "./batch.ts";
import { mergeEvent } from "./event-facts.ts";
import { applyTagList, tagged } from "./tag-facts.ts";

export function applyAttribute(batch: Batch, change: AttributeChange): Dropped {
  const { draft, rules, removedUnknown } = batch;
  const { attributeId: id, observedAtMs: atMs, content } = change;
  const event = mergeEvent(batch, change.eventId, change.event, atMs);
  if (event === undefined) return "late_event";
  if (change.origin === "live") batch.hearOf(change.eventId);
  const known = draft.entry(id);
  if (known !== undefined && isGoneForGood(known)) return "late_attribute";
  const absent = known?.gone === "absent";
  if (known !== undefined && rules.completeness !== undefined) {
    // What is live of an absent one is either a straggler or something that our key may not see.
    const doubtful = absent ? change.origin === "live" : isInDoubt(known, change);
    if (doubtful) {
      rules.completeness.onDoubt(change.uuid);
      return undefined;
    }
  }
  let entry = known ?? createEntry(batch, change, event);
  if (entry === undefined) return undefined;
  if (absent) entry = { ...entry, gone: undefined };
  if (known === undefined) {
    if (content.deleted) removedUnknown.add(id);
    else if (change.tags === undefined) rules.completeness?.onFresh(change.uuid, event);
  } else {
    if (isNewerContent(entry, change)) {
      entry = { ...entry, content: mergeContent(entry.content, content), contentAtMs: atMs, origin: change.origin };
    } else {
      // A part that nobody said so far is news, however old the message is.
      const filled = mergeContent(content, entry.content);
      if (filled !== entry.content) entry = { ...entry, content: filled };
    }
    if (change.origin === "rest" && !entry.seenInRest) entry = { ...entry, seenInRest: true };
  }
  if (change.tags !== undefined) entry = { ...entry, tags: applyTagList(batch, entry.tags, change.tags, atMs) };
  draft.setEntry(entry);
  batch.touch(id, atMs);
  if (change.origin === "rest" && (isOverruled(entry, change) || isEventOverruled(event, change.event)))
    batch.hearOf(change.eventId);
  return undefined;
}

export function applyAttributeDeleted(batch: Batch, change: AttributeDeletedChange): Dropped {
  const { draft } = batch;
  const { attributeId: id, observedAtMs: atMs } = change;
  const event = draft.event(change.eventId);
  if (event?.deleted) return "late_event";
  batch.hearOf(change.eventId);
  const known = draft.entry(id);
  if (known !== undefined && isGoneForGood(known)) return "late_attribute";
  const entry = known ?? createEntry(batch, change, event);
  if (entry === undefined) return undefined;
  if (known === undefined) batch.removedUnknown.add(id);
  draft.setEntry({ ...entry, gone: "attribute-deleted" });
  batch.touch(id, atMs);
  return undefined;
}

/** MISP does not show it any more. */
export function applyAbsent({ draft, touch }: Batch, id: number, atMs: number): void {
  const entry = draft.entry(id);
  if (entry === undefined || entry.gone !== undefined || entry.contentAtMs >= atMs) return;
  draft.setEntry({ ...entry, gone: "absent" });
  touch(id, atMs);
}

/** The entry for an attribute id that is not in the index; undefined, and counted, when it does not belong there. */
function createEntry(
  batch: Batch,
  change: AttributeChange | AttributeDeletedChange,
  event: EventContext | undefined,
): IndexEntry | undefined {
  const { draft, rules, counters } = batch;
  const { attributeId: id, content, uuid } = change;
  const prior = draft.byUuid(uuid);
  if (prior !== undefined && "id" in prior && prior.id > id) {
    counters.increment("dropped", "superseded");
    return undefined;
  }
  const priorEntry = prior !== undefined && "id" in prior ? draft.entry(prior.id) : undefined;
  if (priorEntry === undefined) {
    const withheld = neverAnnounced(rules.filter, content.type, event);
    // Where messages overtake each other, what is not an add may have older messages behind it, of another type (a
    // sanitised deletion is one): the entry is kept so that they come too late.
    const overtakes = rules.reorders && (change.kind === "attribute-deleted" || change.tags !== undefined);
    if (withheld !== undefined && !overtakes) {
      counters.increment("withheld", withheld);
      return undefined;
    }
  }
  const lineage = prior !== undefined && !("id" in prior) ? prior : { createdMs: 0, modifiedMs: 0 };
  const entry: IndexEntry = {
    id,
    uuid,
    eventId: change.eventId,
    content,
    contentAtMs: change.observedAtMs,
    origin: change.origin,
    seenInRest: change.origin === "rest",
    tags: takeWaitingTags(batch, change),
    gone: undefined,
    announced: undefined,
    live: false,
    edit: false,
    outdated: [],
    createdMs: lineage.createdMs,
    modifiedMs: lineage.modifiedMs,
    removedAtMs: 0,
    sequence: 0,
    dueAtMs: 0,
    former: noFormer,
  };
  if (priorEntry === undefined) return entry;
  const taken = takeOver(entry, priorEntry, change.observedAtMs);
  draft.setEntry(taken.old);
  if (!draft.isDirty(priorEntry.sequence)) return taken.entry;
  // What was not confirmed for the old id still has to be published, now for the new one.
  draft.markClean(priorEntry.sequence);
  return draft.markDirty(taken.entry);
}

/** What tag messages said about it before it was known. */
function takeWaitingTags(
  { draft, hearOf }: Batch,
  { attributeId, eventId, observedAtMs }: AttributeChange | AttributeDeletedChange,
): TagSet {
  const waiting = draft.takeWaiting(attributeId);
  // A row that was asked for after them has them already.
  if (waiting.some(({ atMs }) => atMs >= observedAtMs)) hearOf(eventId);
  let set = noTags;
  for (const { tagId: id, attached, atMs } of waiting) set = tagged(set, { id, attached, atMs });
  return set;
}
