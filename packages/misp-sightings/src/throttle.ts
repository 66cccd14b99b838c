import type { OutboxChanges, OutboxEntry } from "@tb/misp-core";
import { uuid5 } from "./uuid5.ts";

/** What is to be done with rows that are due. */
interface ThrottlePlan {
  readonly send: readonly OutboxEntry[];
  /** To be written first: rows put into one, or postponed to the end of their attribute's window. */
  readonly changes: OutboxChanges;
  /** The rows that the changes are about; not to be touched until those are written. */
  readonly held: readonly OutboxEntry[];
  /** How many rows became part of another. */
  readonly folded: number;
}

export interface Throttle {
  plan(due: readonly OutboxEntry[], nowMs: number): ThrottlePlan;
  /** The row goes out now: a window begins for its attribute. */
  sent(entry: OutboxEntry, nowMs: number): void;
}

/** One attribute's sightings of one kind; for a sighting by value, the value's. */
const keyOf = ({ row: { target, type } }: OutboxEntry): string =>
  "value" in target ? `${type} value ${target.value}` : `${type} ${target.attributeUuid}`;

/**
 * At most one row per attribute and kind in `throttleMs`. What comes in between is put into one row that carries their number, in
 * the outbox first and only then sent, so a row that may have reached MISP before a crash never takes in others under its uuid.
 */
export function createThrottle(throttleMs: number): Throttle {
  const sentAt = new Map<string, number>();
  return {
    plan(due, nowMs) {
      if (throttleMs <= 0) return { send: due, changes: {}, held: [], folded: 0 };
      const send: OutboxEntry[] = [];
      const put: OutboxEntry[] = [];
      const done: string[] = [];
      const postpone: OutboxEntry[] = [];
      const held: OutboxEntry[] = [];
      for (const [key, group] of groupByKey(due)) {
        const openAtMs = openAt(sentAt.get(key), throttleMs, nowMs);
        const fresh = group.filter(({ failures }) => failures === 0);
        const rest = fresh.length < 2 ? group : group.filter(({ failures }) => failures > 0);
        if (fresh.length >= 2) {
          put.push(fold(fresh, openAtMs));
          done.push(...fresh.map(({ row }) => row.uuid));
          held.push(...fresh);
        }
        if (openAtMs > nowMs) {
          postpone.push(...rest.map((entry) => ({ ...entry, dueAtMs: openAtMs })));
          held.push(...rest);
        } else if (rest[0] !== undefined) {
          send.push(rest[0]);
        }
      }
      return { send, changes: { put, postpone, done }, held, folded: done.length };
    },
    sent(entry, nowMs) {
      if (throttleMs <= 0) return;
      for (const [key, atMs] of sentAt) {
        // In the order of sending, so the first one whose window is still open ends the search.
        if (openAt(atMs, throttleMs, nowMs) > nowMs) break;
        sentAt.delete(key);
      }
      const key = keyOf(entry);
      sentAt.delete(key);
      sentAt.set(key, nowMs);
    },
  };
}

/** `Map.groupBy` needs Node 21. */
function groupByKey(entries: readonly OutboxEntry[]): Map<string, OutboxEntry[]> {
  const groups = new Map<string, OutboxEntry[]>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return groups;
}

/** A window that lies in the future was opened before the clock went back: it is over. */
function openAt(sentAtMs: number | undefined, throttleMs: number, nowMs: number): number {
  return sentAtMs === undefined || sentAtMs > nowMs ? nowMs : Math.max(nowMs, sentAtMs + throttleMs);
}

/** The one row has a uuid of its own that follows from theirs: MISP may know one of them from a try that a crash cut short. */
function fold(entries: readonly OutboxEntry[], dueAtMs: number): OutboxEntry {
  const [first] = entries as [OutboxEntry];
  const { uuid } = first.row;
  const names = entries.map(({ row }) => row.uuid).sort();
  return {
    ...first,
    row: {
      ...first.row,
      uuid: uuid5(uuid, names.join(" ")),
      seenAt: Math.max(...entries.map(({ row }) => row.seenAt)),
    },
    count: entries.reduce((sum, { count }) => sum + count, 0),
    acceptedAtMs: Math.min(...entries.map(({ acceptedAtMs }) => acceptedAtMs)),
    dueAtMs,
  };
}
