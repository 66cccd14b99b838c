import { setImmediate as nextTurn } from "node:timers/promises";
import type { EventIndex, EventVersion, MispApi } from "@tb/misp-api";
import type { Change, EventContext, Finding, ReadVersion, Store } from "@tb/misp-core";
import type { Committer } from "../pipeline/commit.ts";
import { type Absence, type AbsenceRule, confirmAbsences, countHeld, findAbsentOf, findVanished } from "./absence.ts";
import { commitInParts, factsPerCommit } from "./commit-in-parts.ts";
import type { Coverage } from "./coverage.ts";
import { readEvents } from "./read-events.ts";
import { readTagNews } from "./tag-list.ts";

/** MISP's timestamps are whole seconds: two changes within one leave the same version. */
const settledAfterMs = 2_000;
const eventsPerTurn = 2_000;

/** What a reconcile is made of. */
export interface ReconcileParts {
  readonly store: Store;
  readonly api: Pick<MispApi, "eventIndex" | "attributesOf" | "attributesByUuid" | "tags">;
  readonly commit: Committer["commit"];
  /** What of MISP the index mirrors. */
  readonly coverage: Coverage;
  readonly onRefused: (reason: string, detail: string) => void;
  /** Milliseconds since the epoch, of the same clock as the API's and what is live. */
  readonly now: () => number;
  /** Whether the key sees all of an event. */
  readonly sees: (event: EventContext) => boolean;
  /** Something live comes in, and must not wait. @default never */
  readonly isBusy?: () => boolean;
  /** Tags that are not in MISP's list, and that were looked at: kept from one reconcile to the next. */
  readonly unlistedTags: Set<number>;
}

export interface ReconcileOptions {
  readonly signal: AbortSignal;
  /** Events of which something live was heard since the reconcile began. Others fill it meanwhile. */
  readonly heard: ReadonlySet<number>;
  /** Reads again what is in it, whatever its version; a scope of one event looks at nothing else. @default only what differs */
  readonly scope?: ReconcileScope | undefined;
  /** Takes away what is absent, however much it is. */
  readonly force?: boolean;
  /** First announcements are not published. */
  readonly quiet?: boolean;
  /** Whether nothing was missed since the reconcile began, so that the index is complete after it. @default yes */
  readonly completes?: () => boolean;
  readonly onProgress?: (progress: ReconcileProgress) => void;
  /** Called between transactions, for what cannot wait until the end. */
  readonly between?: () => Promise<void>;
}

/** All events, those that MISP changed since a time (milliseconds since the epoch), or one. */
export type ReconcileScope = "all" | { readonly sinceMs: number } | { readonly eventId: number };

/** How far it is. */
export interface ReconcileProgress {
  /** Events read so far. */
  readonly events: number;
  /** Events that differ from what the index has read of them. */
  readonly eventsInAll: number;
  readonly rows: number;
}

/** What it did. */
export interface ReconcileOutcome extends ReconcileProgress {
  /** Events in MISP's list. */
  readonly listed: number;
  /** Attributes that MISP no longer shows, and that are taken away. */
  readonly absent: number;
  /** Events that would have vanished, were they not too many at once; 0: the brake did not hold. */
  readonly held: number;
}

/**
 * Makes the index what MISP is: reads the events that differ from what was read of them, takes away what is no longer there, and
 * remembers each event's version in the transaction that stores its last rows, so that a kill at any point loses nothing but time.
 * On an empty index this is the fill. Rejects as the API does; what was done until then stays.
 */
export async function reconcile(parts: ReconcileParts, options: ReconcileOptions): Promise<ReconcileOutcome> {
  const { store, api, commit, coverage, now } = parts;
  const { signal, heard, scope, force = false, quiet = false, onProgress, between } = options;
  const eventId = typeof scope === "object" && "eventId" in scope ? scope.eventId : undefined;
  await widen(parts, coverage.digest);
  // From here on everything is due, also after a kill.
  if (scope === "all") await commit([], { meta: { epoch: store.meta().epoch + 1 } });
  const { epoch } = store.meta();

  const news = await readTagNews(api, store, { signal, requestedAtMs: now(), unlisted: parts.unlistedTags });
  if (news.changes.length > 0) await commit(news.changes);
  const index = await api.eventIndex({ signal });
  if (index.unreadable > 0)
    parts.onRefused("event_list", `${index.unreadable} entries of MISP's list of events, so that none is missed`);
  const isRecent = recentIn(index, now());
  const rule: AbsenceRule = { listedAtMs: index.requestedAtMs, sees: parts.sees };

  const { filled } = store.meta();
  /** An import or a sync pull keeps the event's timestamp while it adds the attributes: what is new is read a second time. */
  const growing = new Set<number>();
  const listed = new Set<number>();
  const due: EventVersion[] = [];
  /** Those of them that do not differ: a kill would forget that they are wanted. */
  const unsettled: EventVersion[] = [];
  for (const version of index.events) {
    listed.add(version.id);
    // Thousands are compared in milliseconds; what is live goes first all the same.
    if (listed.size % eventsPerTurn === 0) await nextTurn();
    if (eventId !== undefined && version.id !== eventId) continue;
    const known = store.event(version.id);
    if (known?.deleted || !coverage.admits({ orgId: known?.orgId, orgUuid: version.orgUuid ?? known?.orgUuid }))
      continue;
    const wanted = isInScope(scope, version) || news.eventIds.has(version.id);
    if (filled && known?.version === undefined) growing.add(version.id);
    if (wanted || isDifferent(known?.version, version, epoch)) due.push(version);
    if (wanted && known?.version?.epoch === epoch) unsettled.push(version);
  }
  due.sort((a, b) => a.id - b.id);

  const epochOf = (version: EventVersion) => (growing.has(version.id) || isRecent(version) ? 0 : epoch);
  const toFinding = (id: number, version: EventVersion | undefined, readIn = version && epochOf(version)): Finding => {
    return {
      kind: "event-read",
      origin: "rest",
      observedAtMs: index.requestedAtMs,
      eventId: id,
      event: version === undefined ? {} : toPart(version),
      version: version && { timestamp: version.timestamp, published: version.published, epoch: readIn ?? 0 },
    };
  };

  await commitInParts(
    commit,
    unsettled.map((version) => toFinding(version.id, version, 0)),
  );
  // Only now is it certain that what carries them will be read.
  if (eventId === undefined) for (const id of news.missing) parts.unlistedTags.add(id);

  let progress: ReconcileProgress = { events: 0, eventsInAll: due.length, rows: 0 };
  const absences: Absence[] = [];
  onProgress?.(progress);
  const reading = readEvents(api, due, {
    types: coverage.types,
    expectedRows: (id) => [...store.idsOfEvent(id)].length,
    onRefused: parts.onRefused,
    isBusy: parts.isBusy ?? (() => false),
    signal,
  });
  /** The last transaction: while it becomes durable the next part is decoded, a tenth of a fill's time. */
  let committed = Promise.resolve();
  try {
    for await (const { changes, rows, read } of reading) {
      await committed;
      const facts: (Change | Finding)[] = [...changes];
      for (const event of read) {
        const { version } = event;
        const { absence, open } = findAbsentOf(store, event, rule);
        if (absence === undefined) facts.push(toFinding(version.id, version, open ? 0 : undefined));
        else absences.push(absence);
      }
      committed = commit(facts, { quiet });
      committed.catch(() => undefined);
      progress = { ...progress, events: progress.events + read.length, rows: progress.rows + rows };
      onProgress?.(progress);
      await between?.();
    }
  } finally {
    // That the store is lost counts for more than that MISP is.
    await committed;
  }

  // Where an entry of the list could not be read, that an event is not in it means nothing.
  const vanished = index.unreadable > 0 ? { absences: [], known: 0 } : await findVanished(store, listed, rule);
  for (const absence of vanished.absences) {
    if (eventId === undefined || absence.eventId === eventId) absences.push(absence);
  }
  const confirmed: Absence[] = [];
  for await (const part of confirmAbsences(api, store, absences, {
    signal,
    types: coverage.types,
    onRefused: parts.onRefused,
  })) {
    await commitInParts(commit, part.changes);
    confirmed.push(...part.absences);
    await between?.();
  }
  // Only now: protected events would hold it for ever.
  const held = force ? 0 : countHeld(confirmed, vanished.known);
  let absent = 0;
  let facts: Finding[] = [];
  for (const { eventId: id, ids, version, open } of held === 0 ? confirmed : []) {
    // Of an event that is in the list others may be talking all the time: what is gone from it is gone.
    if (version === undefined && heard.has(id)) continue;
    absent += ids.length;
    for (const attributeId of ids) {
      const observedAtMs = rule.listedAtMs;
      facts.push({ kind: "attribute-absent", origin: "rest", observedAtMs, attributeId, eventId: id });
    }
    facts.push(toFinding(id, version, open ? 0 : undefined));
    if (facts.length < factsPerCommit) continue;
    await commitInParts(commit, facts);
    facts = [];
  }
  await commitInParts(commit, facts);

  if (eventId === undefined && held === 0) {
    const complete = options.completes?.() ?? true;
    if (!store.meta().filled || store.meta().complete !== complete)
      await commit([], { meta: { filled: true, complete } });
  }
  return { ...progress, listed: listed.size, absent, held };
}

/** What was read under narrower conditions lacks something: everything is read anew. */
async function widen({ store, commit }: ReconcileParts, digest: string): Promise<void> {
  const { coverage, epoch } = store.meta();
  if (coverage === digest) return;
  await commit([], { meta: { coverage: digest, epoch: epoch + 1, complete: false } });
}

function isInScope(scope: ReconcileScope | undefined, { id, timestamp }: EventVersion): boolean {
  if (scope === undefined || scope === "all") return scope === "all";
  return "eventId" in scope ? scope.eventId === id : timestamp * 1000 >= scope.sinceMs;
}

function isDifferent(read: ReadVersion | undefined, { timestamp, published }: EventVersion, epoch: number): boolean {
  return read === undefined || read.epoch !== epoch || read.timestamp !== timestamp || read.published !== published;
}

/**
 * Whether an event was changed so lately that a second change within the same second may still come, by MISP's own clock. One
 * that lies in the future is not: whatever changes it sets it back to the present.
 */
function recentIn({ requestedAtMs, serverTimeMs }: EventIndex, nowMs: number): (event: EventVersion) => boolean {
  const answeredAtMs = serverTimeMs ?? nowMs;
  const readAtMs = answeredAtMs - Math.max(0, nowMs - requestedAtMs);
  return ({ timestamp }) =>
    timestamp * 1000 >= readAtMs - settledAfterMs && timestamp * 1000 <= answeredAtMs + settledAfterMs;
}

function toPart({ uuid, published, orgUuid }: EventVersion) {
  return { uuid, published, ...(orgUuid === undefined ? {} : { orgUuid }) };
}
