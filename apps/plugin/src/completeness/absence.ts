import { setImmediate as nextTurn } from "node:timers/promises";
import type { EventVersion, MispApi, Rows } from "@tb/misp-api";
import {
  type Change,
  type EventContext,
  effectiveDistribution,
  type IndexEntry,
  type StoreView,
  unknownEvent,
} from "@tb/misp-core";
import type { ReadEvent } from "./read-events.ts";
import { readRowIds, readRows } from "./read-rows.ts";

/** How many events vanish at most without anybody being asked: more than both at once look like a key that was narrowed. */
const maxVanished = 20;
const maxVanishedShare = 0.2;
/** MISP tells of an attribute before others can read it; what is this young may only not be visible yet. */
const visibleAfterMs = 10_000;
const eventsPerRequest = 100;
const uuidsPerRequest = 1_000;
const eventsPerTurn = 2_000;

/** Attributes of one event that MISP does not show, though it has before. */
export interface Absence {
  readonly eventId: number;
  readonly ids: readonly number[];
  /** The version to keep once they are taken away; undefined when the event itself is not in MISP's list. */
  readonly version: EventVersion | undefined;
  /** How many attributes the index has of the event, these among them. */
  readonly of: number;
  /** The event is not in the list, and a search found something of it. */
  readonly isThere?: true;
  /** Another attribute is not shown either, and may only not be visible yet: the event has to be read once more. */
  readonly open: boolean;
}

/** What is not among the rows of an event that was read. */
export interface NotShown {
  readonly absence: Absence | undefined;
  /** As with {@link Absence}: what holds now may not hold later, though the event does not change. */
  readonly open: boolean;
}

/** What absence means. */
export interface AbsenceRule {
  /** When the list of events was asked for, milliseconds: what was observed later is not absent. */
  readonly listedAtMs: number;
  /** Whether the key sees all of an event, so that what REST never showed of it is not there. */
  sees(event: EventContext): boolean;
}

/** The attributes of an event that was read and are not among its rows. */
export function findAbsentOf(store: StoreView, { version, ids, unsure }: ReadEvent, rule: AbsenceRule): NotShown {
  if (unsure) return { absence: undefined, open: true };
  const present = presentEntries(store, version.id);
  const judge = judgeOf(store.event(version.id) ?? unknownEvent(version.id), true, rule);
  const judged = present.flatMap((entry) => (ids.has(entry.id) ? [] : [{ id: entry.id, as: judge(entry) }]));
  const absent = judged.flatMap(({ id, as }) => (as === "missed" ? [id] : []));
  const open = judged.some(({ as }) => as === "too early");
  if (absent.length === 0) return { absence: undefined, open };
  return { absence: { eventId: version.id, ids: absent, of: present.length, version, open }, open };
}

/** Events in the index that MISP does not list, and how many of those it has ever listed there are in all. */
export async function findVanished(
  store: StoreView,
  listed: ReadonlySet<number>,
  rule: AbsenceRule,
): Promise<{ readonly absences: readonly Absence[]; readonly known: number }> {
  const absences: Absence[] = [];
  let known = 0;
  for (let after = 0; ; ) {
    const events = store.eventsAfter(after, eventsPerTurn);
    for (const event of events) {
      const { id, deleted, version } = event;
      if (version !== undefined && !deleted) known += 1;
      if (deleted || listed.has(id)) continue;
      const judge = judgeOf(event, false, rule);
      const present = presentEntries(store, id);
      const ids = present.filter((entry) => judge(entry) === "missed").map((entry) => entry.id);
      // One without attributes only loses its version, so that nobody looks again.
      if (ids.length > 0 || version !== undefined)
        absences.push({ eventId: id, ids, of: present.length, version: undefined, open: false });
    }
    const last = events.at(-1);
    if (last === undefined) return { absences, known };
    after = last.id;
    // What is live must not wait for a walk over all events.
    await nextTurn();
  }
}

/**
 * How many events would vanish, or lose most of what they have, when that is too many to be believed; else 0. A key that no longer sees
 * what is for one organisation only leaves something of nearly every event.
 */
export function countHeld(absences: readonly Absence[], known: number): number {
  const vanishing = absences.filter(({ ids, of, version, isThere }) =>
    version === undefined && isThere === undefined ? ids.length > 0 : ids.length * 2 > of,
  ).length;
  return vanishing > maxVanished && vanishing > maxVanishedShare * known ? vanishing : 0;
}

/** What a second query says: rows that are there after all, and the absences that it confirms. */
export interface Confirmed {
  readonly changes: readonly Change[];
  readonly absences: readonly Absence[];
}

interface ConfirmOptions {
  readonly signal: AbortSignal;
  /** Attributes of other types are left out of an unlisted event. */
  readonly types: readonly string[];
  readonly onRefused: (reason: string, detail: string) => void;
}

/**
 * Asks MISP a second time, by other criteria: an unlisted event by its id (protected events are not in the list, and yet
 * there), the attributes of one that is there by their UUIDs, whatever their type is now.
 */
export async function* confirmAbsences(
  api: Pick<MispApi, "attributesOf" | "attributesByUuid">,
  store: StoreView,
  absences: readonly Absence[],
  { signal, types, onRefused }: ConfirmOptions,
): AsyncGenerator<Confirmed, void, undefined> {
  const unlisted = absences.filter(({ version }) => version === undefined);
  const inEvents = absences.filter(({ version }) => version !== undefined);
  for (let start = 0; start < unlisted.length; start += eventsPerRequest) {
    const asked = unlisted.slice(start, start + eventsPerRequest);
    const eventIds = asked.map(({ eventId }) => eventId);
    const shown = await collect(api.attributesOf(eventIds, { signal, types }), onRefused);
    const isGone = ({ eventId }: Absence) => !shown.unsure && !shown.eventIds.has(eventId);
    yield { changes: shown.changes, absences: asked.filter(isGone) };
    for (const absence of asked) {
      const ids = shown.eventIds.has(absence.eventId) ? absence.ids.filter((id) => !shown.ids.has(id)) : [];
      if (ids.length > 0) inEvents.push({ ...absence, ids, isThere: true });
    }
  }

  let group: Absence[] = [];
  let uuids: string[] = [];
  for (const [i, absence] of inEvents.entries()) {
    group.push(absence);
    for (const id of absence.ids) uuids.push(store.entry(id)?.uuid ?? "");
    if (uuids.length < uuidsPerRequest && i < inEvents.length - 1) continue;
    const shown = await collect(api.attributesByUuid(uuids, { signal }), onRefused);
    const absences = group.map((a) => ({ ...a, ids: a.ids.filter((id) => !shown.ids.has(id)) }));
    yield { changes: shown.changes, absences: shown.unsure ? [] : absences };
    group = [];
    uuids = [];
  }
}

async function collect(pages: AsyncIterable<Rows>, onRefused: ConfirmOptions["onRefused"]) {
  const changes: Change[] = [];
  const ids = new Set<number>();
  const eventIds = new Set<number>();
  /** A row does not say what it is of: that something is not among them means nothing. */
  let unsure = false;
  for await (const { rows, requestedAtMs } of pages) {
    changes.push(...readRows(rows, requestedAtMs, onRefused));
    for (const { id, eventId } of rows.map(readRowIds)) {
      if (id !== undefined) ids.add(id);
      if (eventId !== undefined) eventIds.add(eventId);
      if (id === undefined || eventId === undefined) unsure = true;
    }
  }
  return { changes, ids, eventIds, unsure };
}

function presentEntries(store: StoreView, eventId: number): readonly IndexEntry[] {
  return [...store.idsOfEvent(eventId)].flatMap((id) => {
    const entry = store.entry(id);
    return entry === undefined || entry.gone !== undefined ? [] : [entry];
  });
}

/**
 * Whether an attribute that MISP does not show should be among what it shows. What no answer ever showed should, if the key sees
 * all of the event, or if everybody on this MISP sees the attribute, and the event: one that is listed or published. What was observed
 * after the question, by a clock that is ahead too, or just before it, is asked for too early.
 */
function judgeOf(event: EventContext, isListed: boolean, { listedAtMs, sees }: AbsenceRule) {
  const seesAll = sees(event);
  const isShown = isListed || event.version !== undefined || event.published === true;
  return ({ seenInRest, contentAtMs, content }: IndexEntry): "missed" | "too early" | "hidden" => {
    if (seenInRest) return contentAtMs < listedAtMs ? "missed" : "too early";
    if (!seesAll && !(isShown && isForEverybody(effectiveDistribution(content, event)))) return "hidden";
    return contentAtMs < listedAtMs - visibleAfterMs ? "missed" : "too early";
  };
}

/** Neither for the own organisation nor for a sharing group. */
function isForEverybody(levels: readonly number[] | undefined): boolean {
  return levels?.every((level) => level >= 1 && level <= 3) ?? false;
}
