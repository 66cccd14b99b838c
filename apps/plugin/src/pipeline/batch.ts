import type { EventContext, IndexEntry } from "@tb/misp-core";
import type { Counters } from "../counters.ts";
import type { Draft } from "./draft.ts";
import type { Rules } from "./settle-entry.ts";

/** Why a fact was not taken in; undefined when it was. */
export type Dropped = "late_event" | "late_attribute" | "waiting_tag" | undefined;

/** Facts that are being taken into a draft, and what they touch. */
export interface Batch {
  readonly draft: Draft;
  readonly rules: Rules;
  readonly counters: Counters;
  /** The entry has to be evaluated: a fact of this time, milliseconds, is about it. */
  touch(id: number, atMs: number): void;
  touchEvent(eventId: number, atMs: number): void;
  /** Something live was said about an event: what was read of it over REST may no longer hold. */
  hearOf(eventId: number): void;
  /** Whether that has happened in this batch. */
  wasHeard(eventId: number): boolean;
  /** Entries whose first message ever was a removal. */
  readonly removedUnknown: Set<number>;
  /** Touched entries, and when the latest fact about each was observed. */
  readonly touched: ReadonlyMap<number, number>;
}

export function createBatch(draft: Draft, rules: Rules, counters: Counters): Batch {
  const touched = new Map<number, number>();
  const heard = new Set<number>();
  const touch = (id: number, atMs: number) => void touched.set(id, Math.max(atMs, touched.get(id) ?? 0));
  return {
    draft,
    rules,
    counters,
    touch,
    touchEvent(eventId, atMs) {
      for (const id of draft.idsOfEvent(eventId)) touch(id, atMs);
    },
    hearOf(eventId) {
      heard.add(eventId);
      rules.completeness?.onLive(eventId);
      const event = draft.event(eventId);
      if (event === undefined) return;
      const after = unsettled(event);
      if (after !== event) draft.setEvent(after);
    },
    wasHeard: (eventId) => heard.has(eventId),
    removedUnknown: new Set(),
    touched,
  };
}

/** The event, to be read again with the next reconcile. */
export function unsettled(event: EventContext): EventContext {
  const { version } = event;
  return version === undefined || version.epoch === 0 ? event : { ...event, version: { ...version, epoch: 0 } };
}

/** Nothing brings it back: MISP never reuses an id. What is absent may come back. */
export function isGoneForGood({ gone }: IndexEntry): boolean {
  return gone !== undefined && gone !== "absent";
}
