import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type Bus,
  type EventContext,
  type IndexEntry,
  type Indicator,
  type IndicatorOptions,
  type SnapshotRequest,
  type StixObject,
  type StoreView,
  type TagSet,
  toAnnouncement,
  toFormerRemoval,
  toRemovals,
} from "@tb/misp-core";
import { holderOf } from "./pipeline/publish.ts";

/** Objects in one chunk, and entries that are read for it at once: what is live goes on behind each, whatever it has. */
const maxChunk = 500;
/** What an app may have missed while it was away: it is forgotten after 60 s, and comes back within minutes. */
const alwaysMs = 3_600_000;
const beyond = Number.MAX_SAFE_INTEGER;

interface ServeOptions extends IndicatorOptions {
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** The index is being filled, and a snapshot of half of it would be all that an app gets of the other half. */
  readonly ready?: Promise<void>;
}

/**
 * Answers apps that ask for a snapshot, from the index alone, until `signal` aborts. Rejects when the index cannot be read: an app
 * whose snapshot ends early would hold what was withdrawn, and nobody would tell it.
 */
export async function serveSnapshots(
  store: StoreView,
  bus: Pick<Bus, "snapshotRequests">,
  options: ServeOptions,
): Promise<void> {
  if (options.ready !== undefined) await ended(options.ready, options.signal);
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const serving = new Set<Promise<void>>();
  for await (const request of bus.snapshotRequests({ signal })) {
    // Several at a time: the bus says how many.
    const served = serve(store, request, { ...options, signal }).catch((error: unknown) => {
      // A bus that was closed meanwhile takes nothing more.
      if (!signal.aborted) failure.abort(error);
    });
    serving.add(served);
    void served.then(() => serving.delete(served));
  }
  await Promise.all(serving);
  if (failure.signal.aborted) throw failure.signal.reason;
}

async function serve(store: StoreView, request: SnapshotRequest, options: ServeOptions): Promise<void> {
  try {
    await sendAll(store, request, options);
  } finally {
    await request.end();
  }
}

async function sendAll(
  store: StoreView,
  request: SnapshotRequest,
  { signal, now, ...rendering }: ServeOptions,
): Promise<void> {
  const { sinceMs } = request;
  const over = () => signal.aborted || request.signal?.aborted === true;
  const nowMs = now();
  const send = async (chunks: Iterable<readonly StixObject[]>) => {
    for (const chunk of chunks) {
      if (over()) return;
      await (chunk.length > 0 ? request.send(chunk) : nextTurn());
    }
  };
  await send(inChunks(removals(store, nowMs - Math.max(sinceMs, alwaysMs), rendering)));
  if (sinceMs > 0) await send(announcements(store, nowMs - sinceMs, rendering));
}

/**
 * The REMOVE of every pattern that was withdrawn since then, unless something else holds it: one group for each entry, empty for one
 * that has none. Consumers remove by id as well: what an entry announces now follows its REMOVEs, and an entry that announces nothing has
 * one in any case, with what holds the value right behind, as when it was published.
 */
function* removals(store: StoreView, fromMs: number, rendering: IndicatorOptions): Iterable<readonly StixObject[]> {
  // A publication may have been handed over before the app came, and not be confirmed yet: its entry is still dirty.
  const dirty = store.dirtyAfter(0, beyond).map(({ id }) => id);
  for (const id of new Set([...store.removedBetween(fromMs, beyond, beyond), ...dirty])) {
    yield removalsOf(store, id, fromMs, rendering);
  }
}

function removalsOf(store: StoreView, id: number, fromMs: number, rendering: IndicatorOptions): readonly StixObject[] {
  const entry = store.entry(id);
  if (entry === undefined) return [];
  const former = entry.former.filter(({ atMs }) => atMs >= fromMs);
  const withdrawn = [...former.map((old) => toFormerRemoval(entry, old, rendering)), ...toRemovals(entry, rendering)];
  const last = withdrawn.at(-1);
  if (last === undefined) return [];
  const needed = withdrawn.filter(({ pattern }) => holderOf(store, pattern) === undefined);
  if (entry.live) return [...needed, ...announcementOf(entry, rendering)];
  if (needed.length > 0) return needed;
  return [last, ...announcementOf(holderOf(store, last.pattern), rendering)];
}

function announcementOf(entry: IndexEntry | undefined, rendering: IndicatorOptions): readonly Indicator[] {
  const announcement = entry === undefined ? undefined : toAnnouncement(entry, rendering);
  return announcement === undefined ? [] : [announcement];
}

/** Live indicators of which MISP changed something, or something became known, since then. Each chunk is read when it is asked for. */
function* announcements(
  store: StoreView,
  fromMs: number,
  rendering: IndicatorOptions,
): Iterable<readonly StixObject[]> {
  for (let after = 0; ; ) {
    const entries = store.entriesAfter(after, maxChunk);
    const last = entries.at(-1);
    if (last === undefined) return;
    after = last.id;
    yield entries
      .filter((entry) => entry.live && changedAtMs(entry, store.event(entry.eventId)) >= fromMs)
      .map((entry) => toAnnouncement(entry, rendering))
      .filter((indicator) => indicator !== undefined);
  }
}

/** A tag that is attached years later, to the attribute or its event, may be what first let it through: no timestamp of its own tells. */
const changedAtMs = ({ content, contentAtMs, modifiedMs, tags }: IndexEntry, event: EventContext | undefined): number =>
  Math.max(
    content.timestamp * 1000,
    contentAtMs,
    modifiedMs,
    taggedAtMs(tags),
    event === undefined ? 0 : Math.max(event.atMs, taggedAtMs(event.tags)),
  );

function taggedAtMs({ listedAtMs, attached }: TagSet): number {
  let latest = listedAtMs;
  for (const { atMs = 0 } of attached) if (atMs > latest) latest = atMs;
  return latest;
}

/** A group is never divided: its second half would be older than what is published in between. */
function* inChunks(groups: Iterable<readonly StixObject[]>): Iterable<readonly StixObject[]> {
  let chunk: StixObject[] = [];
  let read = 0;
  for (const group of groups) {
    chunk.push(...group);
    read += 1;
    if (chunk.length < maxChunk && read < maxChunk) continue;
    yield chunk;
    chunk = [];
    read = 0;
  }
  if (chunk.length > 0) yield chunk;
}

async function ended(ready: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await Promise.race([ready, new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }))]);
}
