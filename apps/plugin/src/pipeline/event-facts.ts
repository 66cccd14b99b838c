import {
  type Change,
  decidesTheSame,
  type EventContext,
  type EventPart,
  type EventReadChange,
  isEventOverruled,
  mergeEventPart,
  unknownEvent,
} from "@tb/misp-core";
import { type Batch, type Dropped, isGoneForGood, unsettled } from "./batch.ts";
import { qualityOf } from "./settle-entry.ts";
import { applyTagList } from "./tag-facts.ts";

type EventChange = Extract<Change, { kind: "event" }>;

/** Merges what a message says about its event; undefined when the event is deleted. */
export function mergeEvent(batch: Batch, id: number, part: EventPart, atMs: number): EventContext | undefined {
  const { draft, rules, touchEvent } = batch;
  const known = draft.event(id) ?? unknownEvent(id);
  if (known.deleted) return undefined;
  if (Object.keys(part).length === 0) return known;
  const tags = part.tags === undefined ? known.tags : applyTagList(batch, known.tags, part.tags, atMs);
  const merged = mergeEventPart(known, part, tags, atMs);
  draft.setEvent(merged);
  if (!decidesTheSame(known, merged, qualityOf(rules))) touchEvent(id, atMs);
  return merged;
}

export function applyEvent(batch: Batch, { eventId, event, origin, observedAtMs }: EventChange): Dropped {
  if (mergeEvent(batch, eventId, event, observedAtMs) === undefined) return "late_event";
  if (origin === "live") batch.hearOf(eventId);
  return undefined;
}

export function applyEventDeleted({ draft, touch }: Batch, eventId: number, atMs: number): void {
  const known = draft.event(eventId) ?? unknownEvent(eventId);
  if (known.deleted) return;
  draft.setEvent({ ...known, atMs, deleted: true });
  for (const id of draft.idsOfEvent(eventId)) {
    const entry = draft.entry(id);
    if (entry === undefined || isGoneForGood(entry)) continue;
    draft.setEntry({ ...entry, gone: "event-deleted" });
    touch(id, atMs);
  }
}

/** All rows of an event have come: what it was read in is kept, and does not hold when it was talked about meanwhile. */
export function applyEventRead(batch: Batch, { eventId, event, version, observedAtMs: atMs }: EventReadChange): void {
  const merged = mergeEvent(batch, eventId, event, atMs);
  if (merged === undefined) return;
  const { version: _, ...rest } = merged;
  const read = version === undefined ? rest : { ...rest, version };
  const wasHeard = batch.wasHeard(eventId) || batch.rules.completeness?.wasHeard(eventId);
  batch.draft.setEvent(wasHeard || isEventOverruled(merged, event) ? unsettled(read) : read);
}
