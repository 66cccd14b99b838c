import type { Bus, Filter, IndicatorOptions, Notification, Source, Store } from "@tb/misp-core";
import type { Counters } from "../counters.ts";
import { type Committer, createCommitter } from "./commit.ts";
import { type Expiry, startExpiry } from "./expiry.ts";
import { startPublishing } from "./publish.ts";
import { startReceiving } from "./receive.ts";
import type { Completeness, Quality } from "./settle-entry.ts";

/** How long a publication waits for a batch to confirm it before a transaction of its own does. */
const confirmAfterMs = 100;
const purgeEveryMs = 3600 * 1000;
/** Enough for a batch that fills one transaction, few enough to decide without a noticeable pause. */
const maxChanges = 10_000;

/** What the pipeline is made of; whoever composes disposes of it. */
export interface Parts {
  readonly store: Store;
  readonly source: Source;
  readonly bus: Bus;
  readonly filter: Filter;
  /** The source may bring an older message after a newer one. */
  readonly reorders: boolean;
  /** Of filter and mapping: when it differs from the store's, every entry is evaluated anew first. */
  readonly digest: string;
  readonly rendering: IndicatorOptions;
  readonly counters: Counters;
  readonly onRefused: (reason: string, detail: string) => void;
  readonly onReevaluated: (entries: number) => void;
  /** The quality gates. Absent: none is on. */
  readonly quality?: PipelineQuality;
  /** Notifications that change nothing in the index, such as those of sightings. */
  readonly onOther?: (notification: Notification) => void;
  /** Keeps the index equal to MISP, beside what is live. */
  readonly reconciler?: Reconciling;
}

/** What writes to the index beside what is live. */
interface Reconciling {
  readonly completeness: Completeness;
  run(options: { readonly signal: AbortSignal; readonly committer: Committer }): Promise<void>;
}

/** The quality gates, and what becomes of them. */
interface PipelineQuality extends Quality {
  /** Reports rules that are to come into force, with their digest. */
  follow(onChange: (change: { readonly digest: string; apply(): void }) => void): { stop(): void };
}

/**
 * The flow: receive and decode → decide → commit → acknowledge → publish → confirm. Runs until `signal` aborts, then commits
 * what was read, publishes what is dirty, as far as `deadline` allows, and confirms it. Rejects when a part is lost for good.
 */
export async function runPipeline(
  parts: Parts,
  { signal, deadline }: { readonly signal: AbortSignal; readonly deadline: AbortSignal },
): Promise<void> {
  const { store, source, bus, counters, quality } = parts;
  const reading = new AbortController();
  const stopReading = () => reading.abort();
  signal.addEventListener("abort", stopReading, { once: true });
  if (signal.aborted) stopReading();

  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
    stopReading();
  };

  let confirmTimer: NodeJS.Timeout | undefined;
  const confirmSoon = () => {
    confirmTimer ??= setTimeout(() => {
      confirmTimer = undefined;
      committer.confirm().catch(fail);
    }, confirmAfterMs);
  };

  const committer: Committer = createCommitter(store, {
    rules: {
      filter: parts.filter,
      reorders: parts.reorders,
      ...(parts.reconciler === undefined ? {} : { completeness: parts.reconciler.completeness }),
      ...(quality === undefined ? {} : { quality }),
    },
    counters,
    takePublished: () => publisher?.takePublished() ?? [],
    onCommitted() {
      publisher?.wake();
      expiry?.wake();
    },
  });
  let expiry: Expiry | undefined;
  let publisher: ReturnType<typeof startPublishing> | undefined;

  // Whatever was complete once: nobody will know what is missed from here on.
  if (parts.reconciler === undefined && store.meta().complete)
    await committer.commit([], { meta: { complete: false } });
  const { entries } = await committer.reevaluate(parts.digest, { signal: reading.signal });
  parts.onReevaluated(entries);
  // What came due while nobody ran goes first.
  if (quality !== undefined) await committer.expire(quality.now(), { signal: reading.signal });

  // Whatever an earlier run left dirty goes out first: its sequence numbers are the lowest.
  publisher = startPublishing(store, bus, {
    counters,
    onPublished: confirmSoon,
    ...parts.rendering,
  });
  publisher.done.catch(fail);
  const expire = (nowMs: number) => committer.expire(nowMs, { signal: reading.signal });
  let reevaluating: Promise<void> | undefined;
  if (quality !== undefined) expiry = startExpiry(store, { expire, now: quality.now, onError: fail });
  const following = quality?.follow(({ digest, apply }) => {
    reevaluating = committer
      .reevaluate(digest, { apply, signal: reading.signal })
      .then((done) => parts.onReevaluated(done.entries))
      .catch(fail);
  });
  let purging: Promise<unknown> | undefined;
  const purge = () => (purging = committer.purge(Date.now(), { signal: reading.signal }).catch(fail));
  const purgeTimer = setInterval(purge, purgeEveryMs);
  void purge();

  const reconciling = parts.reconciler?.run({ signal: reading.signal, committer }).catch(fail);
  try {
    const receiver = startReceiving(source, {
      signal: reading.signal,
      counters,
      maxChanges,
      onRefused: parts.onRefused,
      onOther: parts.onOther,
    });
    for (;;) {
      const received = await receiver.take();
      if (received === undefined) break;
      if (received.changes.length > 0) await committer.commit(received.changes);
      received.ack();
    }
  } catch (error) {
    fail(error);
  }
  signal.removeEventListener("abort", stopReading);
  clearInterval(purgeTimer);
  // What it has under way ends with the signal; nothing may be committed after the last confirmation.
  stopReading();
  following?.stop();
  await Promise.all([reconciling, expiry?.stop(), reevaluating, purging]);
  await publisher.stop(failure === undefined ? deadline : AbortSignal.abort()).catch(fail);
  clearTimeout(confirmTimer);
  await committer.confirm().catch(fail);
  if (failure !== undefined) throw failure.error;
}
