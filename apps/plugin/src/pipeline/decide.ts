import {
  type AttributeChange,
  type AttributeDeletedChange,
  attachTag,
  type Change,
  decidesTheSame,
  detachTag,
  type EventContext,
  type EventPart,
  type EventReadChange,
  type Finding,
  type IndexEntry,
  isEventOverruled,
  isInDoubt,
  isNewerContent,
  isOverruled,
  listTags,
  mergeContent,
  mergeEventPart,
  neverAnnounced,
  noFormer,
  noTags,
  sameTags,
  type Tag,
  type TagSet,
  takeOver,
  unknownEvent,
} from "@tb/misp-core";
import type { Counters } from "../counters.ts";
import type { Draft } from "./draft.ts";
import { qualityOf, type Rules, settleEntry } from "./settle-entry.ts";

/** How many tag messages may wait for an attribute that is not known yet. */
const maxWaitingTags = 100_000;

/**
 * Decides a batch, in two steps: first every change's facts go into the draft, then each entry that they touch is evaluated
 * once, with all facts of the batch. So an event tag costs one evaluation per attribute and batch, however often it changes.
 */
export function decide(draft: Draft, changes: readonly (Change | Finding)[], rules: Rules, counters: Counters): void {
  /** Touched entries, and when the latest fact about each was observed. */
  const touched = new Map<number, number>();
  /** Entries whose first message ever was a removal. */
  const removedUnknown = new Set<number>();
  /** Events of which something live was heard. */
  const heard = new Set<number>();
  let observedAtMs = draft.meta().observedAtMs;

  const touch = (id: number, atMs: number) => void touched.set(id, Math.max(atMs, touched.get(id) ?? 0));

  const touchEvent = (eventId: number, atMs: number) => {
    for (const id of draft.idsOfEvent(eventId)) touch(id, atMs);
  };

  const learnTag = (tag: Tag, atMs: number) => {
    const known = draft.tag(tag.id);
    if (known !== undefined && (known.deleted === true || known.atMs > atMs)) return;
    const exportable = tag.exportable ?? known?.exportable;
    // Also when it says what is known: what is older than this and comes later must not count as newer.
    draft.setTag({ id: tag.id, name: tag.name, ...(exportable === undefined ? {} : { exportable }), atMs });
    if (known === undefined || (known.name === tag.name && known.exportable === exportable)) return;
    const carriers = draft.taggedWith(tag.id);
    for (const id of carriers.attributeIds) touch(id, atMs);
    for (const id of carriers.eventIds) touchEvent(id, atMs);
  };

  const applyList = (set: TagSet, tags: readonly Tag[], atMs: number): TagSet => {
    for (const tag of tags) learnTag(tag, atMs);
    // A list from before a tag was deleted still has it.
    return listTags(
      set,
      tags.filter((tag) => draft.tag(tag.id)?.deleted !== true),
      atMs,
    );
  };

  /** Merges what a message says about its event; undefined when the event is deleted. */
  const mergeEvent = (id: number, part: EventPart, atMs: number): EventContext | undefined => {
    const known = draft.event(id) ?? unknownEvent(id);
    if (known.deleted) return undefined;
    if (Object.keys(part).length === 0) return known;
    const tags = part.tags === undefined ? known.tags : applyList(known.tags, part.tags, atMs);
    const merged = mergeEventPart(known, part, tags, atMs);
    draft.setEvent(merged);
    if (!decidesTheSame(known, merged, qualityOf(rules))) touchEvent(id, atMs);
    return merged;
  };

  /** Something live was said about an event: what was read of it over REST may no longer hold. */
  const hearOf = (eventId: number) => {
    heard.add(eventId);
    rules.completeness?.onLive(eventId);
    const event = draft.event(eventId);
    if (event === undefined) return;
    const after = unsettled(event);
    if (after !== event) draft.setEvent(after);
  };

  /** The entry for an attribute id that is not in the index; undefined, and counted, when it does not belong there. */
  const createEntry = (change: AttributeChange | AttributeDeletedChange, event: EventContext | undefined) => {
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
    let entry: IndexEntry = {
      id,
      uuid,
      eventId: change.eventId,
      content,
      contentAtMs: change.observedAtMs,
      origin: change.origin,
      seenInRest: change.origin === "rest",
      tags: waitingTagsOf(id, change),
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
    entry = taken.entry;
    draft.setEntry(taken.old);
    // What was not confirmed for the old id still has to be published, now for the new one.
    if (draft.isDirty(priorEntry.sequence)) {
      draft.markClean(priorEntry.sequence);
      entry = draft.markDirty(entry);
    }
    return entry;
  };

  const waitingTagsOf = (id: number, { eventId, observedAtMs }: AttributeChange | AttributeDeletedChange): TagSet => {
    let set = noTags;
    const waiting = draft.takeWaiting(id);
    // A row that was asked for after them has them already.
    if (waiting.some(({ atMs }) => atMs >= observedAtMs)) hearOf(eventId);
    for (const { tagId, attached, atMs } of waiting) {
      set = attached ? attachTag(set, tagId, undefined, atMs) : detachTag(set, tagId, atMs);
    }
    return set;
  };

  const applyAttribute = (change: AttributeChange) => {
    const { attributeId: id, observedAtMs: atMs, content } = change;
    const event = mergeEvent(change.eventId, change.event, atMs);
    if (event === undefined) return counters.increment("dropped", "late_event");
    if (change.origin === "live") hearOf(change.eventId);
    const known = draft.entry(id);
    const absent = known?.gone === "absent";
    if (known?.gone !== undefined && !absent) return counters.increment("dropped", "late_attribute");
    if (known !== undefined && rules.completeness !== undefined) {
      // What is live of an absent one is either a straggler or something that our key may not see.
      const doubtful = absent ? change.origin === "live" : isInDoubt(known, change);
      if (doubtful) return rules.completeness.onDoubt(change.uuid);
    }
    let entry = known ?? createEntry(change, event);
    if (entry === undefined) return;
    if (absent) entry = { ...entry, gone: undefined };
    if (known === undefined) {
      if (content.deleted) removedUnknown.add(id);
      else if (change.tags === undefined) rules.completeness?.onFresh(change.uuid, event);
    } else {
      if (isNewerContent(entry, change)) {
        entry = { ...entry, content: mergeContent(entry.content, content), contentAtMs: atMs, origin: change.origin };
        if (!content.deleted) removedUnknown.delete(id);
      } else {
        // A part that nobody said so far is news, however old the message is.
        const filled = mergeContent(content, entry.content);
        if (filled !== entry.content) entry = { ...entry, content: filled };
      }
      if (change.origin === "rest" && !entry.seenInRest) entry = { ...entry, seenInRest: true };
    }
    if (change.tags !== undefined) entry = { ...entry, tags: applyList(entry.tags, change.tags, atMs) };
    draft.setEntry(entry);
    touch(id, atMs);
    if (change.origin === "rest" && (isOverruled(entry, change) || isEventOverruled(event, change.event)))
      hearOf(change.eventId);
  };

  const applyAttributeDeleted = (change: AttributeDeletedChange) => {
    const { attributeId: id, observedAtMs: atMs } = change;
    const event = draft.event(change.eventId);
    if (event?.deleted) return counters.increment("dropped", "late_event");
    hearOf(change.eventId);
    const known = draft.entry(id);
    if (known?.gone !== undefined && known.gone !== "absent") return counters.increment("dropped", "late_attribute");
    const entry = known ?? createEntry(change, event);
    if (entry === undefined) return;
    if (known === undefined) removedUnknown.add(id);
    draft.setEntry({ ...entry, gone: "attribute-deleted" });
    touch(id, atMs);
  };

  const applyEventDeleted = (eventId: number, atMs: number) => {
    const known = draft.event(eventId) ?? unknownEvent(eventId);
    if (known.deleted) return;
    draft.setEvent({ ...known, atMs, deleted: true });
    for (const id of draft.idsOfEvent(eventId)) {
      const entry = draft.entry(id);
      if (entry === undefined || (entry.gone !== undefined && entry.gone !== "absent")) continue;
      draft.setEntry({ ...entry, gone: "event-deleted" });
      touch(id, atMs);
    }
  };

  const tagAttribute = (id: number, tagId: number, attached: boolean, local: boolean | undefined, atMs: number) => {
    const entry = draft.entry(id);
    if (entry === undefined) {
      if (draft.waitingCount() >= maxWaitingTags) return counters.increment("dropped", "waiting_tag");
      return draft.wait({ attributeId: id, tagId, attached, atMs });
    }
    hearOf(entry.eventId);
    const tags = attached ? attachTag(entry.tags, tagId, local, atMs) : detachTag(entry.tags, tagId, atMs);
    if (tags === entry.tags) {
      // Older than the list that a row brought, unless MISP's clock and ours differ (Kafka's records carry MISP's).
      if (entry.seenInRest) rules.completeness?.onDoubt(entry.uuid);
      return;
    }
    draft.setEntry({ ...entry, tags });
    touch(id, atMs);
  };

  const tagEvent = (id: number, tagId: number, attached: boolean, local: boolean | undefined, atMs: number) => {
    const known = draft.event(id) ?? unknownEvent(id);
    if (known.deleted) return counters.increment("dropped", "late_event");
    heard.add(id);
    rules.completeness?.onLive(id);
    const tags = attached ? attachTag(known.tags, tagId, local, atMs) : detachTag(known.tags, tagId, atMs);
    const event = unsettled(known);
    // Older than the list that a row brought, unless MISP's clock and ours differ: a local tag gives the event no other version.
    if (tags === known.tags && event === known) return;
    draft.setEvent({ ...event, tags });
    if (!sameTags(known.tags, tags)) touchEvent(id, atMs);
  };

  const applyTag = (change: Extract<Change, { kind: "tag-attached" | "tag-detached" }>) => {
    const { tag, target, observedAtMs: atMs } = change;
    learnTag(tag, atMs);
    if (draft.tag(tag.id)?.deleted === true) return;
    const attached = change.kind === "tag-attached";
    if ("attributeId" in target) tagAttribute(target.attributeId, tag.id, attached, tag.local, atMs);
    else tagEvent(target.eventId, tag.id, attached, tag.local, atMs);
  };

  const applyTagDeleted = (tag: Tag, atMs: number) => {
    const carriers = draft.taggedWith(tag.id);
    for (const id of carriers.attributeIds) tagAttribute(id, tag.id, false, undefined, atMs);
    for (const id of carriers.eventIds) tagEvent(id, tag.id, false, undefined, atMs);
    draft.setTag({ id: tag.id, name: tag.name, atMs, deleted: true });
  };

  const applyAbsent = (id: number, atMs: number) => {
    const entry = draft.entry(id);
    if (entry === undefined || entry.gone !== undefined || entry.contentAtMs >= atMs) return;
    draft.setEntry({ ...entry, gone: "absent" });
    touch(id, atMs);
  };

  const applyEventRead = ({ eventId, event, version, observedAtMs: atMs }: EventReadChange) => {
    const merged = mergeEvent(eventId, event, atMs);
    if (merged === undefined) return;
    const { version: _, ...rest } = merged;
    const read = version === undefined ? rest : { ...rest, version };
    const isOpen = heard.has(eventId) || rules.completeness?.wasHeard(eventId) || isEventOverruled(merged, event);
    draft.setEvent(isOpen ? unsettled(read) : read);
  };

  const apply = (change: Change | Finding) => {
    observedAtMs = Math.max(observedAtMs, change.observedAtMs);
    switch (change.kind) {
      case "attribute":
        return applyAttribute(change);
      case "attribute-deleted":
        return applyAttributeDeleted(change);
      case "event":
        if (mergeEvent(change.eventId, change.event, change.observedAtMs) === undefined) {
          counters.increment("dropped", "late_event");
        } else if (change.origin === "live") hearOf(change.eventId);
        return;
      case "event-deleted":
        return applyEventDeleted(change.eventId, change.observedAtMs);
      case "tag-attached":
      case "tag-detached":
        return applyTag(change);
      case "tag-renamed":
        return learnTag(change.tag, change.observedAtMs);
      case "tag-deleted":
        return applyTagDeleted(change.tag, change.observedAtMs);
      case "attribute-absent":
        return applyAbsent(change.attributeId, change.observedAtMs);
      case "event-read":
        return applyEventRead(change);
    }
  };

  for (const change of changes) apply(change);
  for (const [id, atMs] of touched) {
    settleEntry(draft, id, { atMs, removedUnknown: removedUnknown.has(id) }, rules, counters);
  }
  draft.setMeta({ observedAtMs });
}

/** The event, to be read again with the next reconcile. */
function unsettled(event: EventContext): EventContext {
  const { version } = event;
  return version === undefined || version.epoch === 0 ? event : { ...event, version: { ...version, epoch: 0 } };
}
