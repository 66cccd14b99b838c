import {
  type Bus,
  type IndexEntry,
  type IndicatorOptions,
  type SnapshotRequest,
  type StixObject,
  type StoreView,
  toAnnouncement,
  toRemovals,
} from "@tb/misp-core";

/** Objects in one chunk at most, and entries that are read for it. */
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
  for (const chunk of chunks(removals(store, nowMs - Math.max(sinceMs, alwaysMs), rendering))) {
    if (over()) return;
    await request.send(chunk);
  }
  if (sinceMs === 0) return;
  for (const chunk of announcements(store, nowMs - sinceMs, rendering)) {
    if (over()) return;
    if (chunk.length > 0) await request.send(chunk);
  }
}

/** The REMOVE of everything that was withdrawn since then, unless something else holds its value or goes by its id. */
function* removals(store: StoreView, fromMs: number, rendering: IndicatorOptions): Iterable<StixObject> {
  for (const id of store.removedBetween(fromMs, beyond, beyond)) {
    const entry = store.entry(id);
    if (entry?.announced === undefined || entry.live) continue;
    const newest = store.byUuid(entry.uuid);
    if (newest === undefined || !("id" in newest) || newest.id !== id) continue;
    const { pattern, patternType, name } = entry.announced;
    const [holder] = store.liveIdsWithPattern(pattern);
    if (holder !== undefined) continue;
    yield* toRemovals({ ...entry, outdated: [{ pattern, patternType, name }] }, rendering);
  }
}

/** Live indicators that MISP changed, or that became known, since then. Each chunk is read when it is asked for. */
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
      .filter((entry) => entry.live && changedAtMs(entry) >= fromMs)
      .map((entry) => toAnnouncement(entry, rendering))
      .filter((indicator) => indicator !== undefined);
  }
}

const changedAtMs = ({ content, contentAtMs, modifiedMs }: IndexEntry): number =>
  Math.max(content.timestamp * 1000, contentAtMs, modifiedMs);

function* chunks(objects: Iterable<StixObject>): Iterable<readonly StixObject[]> {
  let chunk: StixObject[] = [];
  for (const object of objects) {
    chunk.push(object);
    if (chunk.length < maxChunk) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

async function ended(ready: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await Promise.race([ready, new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }))]);
}
