import { setTimeout as wait } from "node:timers/promises";
import { createStatusFeed, type Notification, type Source, type SourceStatus } from "@tb/misp-core";
import type { Message } from "node-rdkafka";
import { type Connection, checkProperties, connect } from "./connection.ts";
import type { Failure } from "./describe-failure.ts";
import { createOffsetTracker } from "./offsets.ts";
import { type KafkaSourceOptions, toSettings } from "./options.ts";
import { createWatchdog } from "./watchdog.ts";

/** How long a batch may wait for the reader before fetching is paused; polls go on, or the group would expel a slow reader. */
const holdMs = 1_000;
const pollWhileHeldMs = 200;
/** After a client was given up: soon at first, and never rarer than this. */
const retryMs = 250;
const retryMaxMs = 30_000;
/** With its brokers down librdkafka does not end a client for minutes. */
const closeMs = 2_000;
/** A record from further ahead than any clock is wrong would win over every later one, for ever. */
const maxAheadMs = 24 * 3_600_000;

const nothing = new Uint8Array();

/**
 * MISP's Kafka topics as a source, at least once: a record counts as read when its batch and all before it are acknowledged.
 * Connects at once and keeps trying; what goes wrong is told by `status()`. Reading rejects with a `KafkaSourceError` when librdkafka cannot
 * make a client of the config.
 *
 * @throws KafkaSourceError when the options make no sense
 */
export function createKafkaSource(options: KafkaSourceOptions): Source {
  const settings = toSettings(options);
  checkProperties(settings);
  const { address, group } = settings;
  const feed = createStatusFeed({ state: "disconnected", detail: `${address}: connecting` });
  const disposal = new AbortController();
  /** Of this process: an index that begins anew is filled from the beginning once, not at every rebalance. */
  const rewound = new Set<string>();
  /** Readers, and whoever waits for one to take a batch. */
  const parked = new Set<() => void>();
  let batch: { records: Message[]; acks: (() => void)[] } | undefined;
  let failure: unknown;

  const wake = () => {
    for (const resume of parked) resume();
    parked.clear();
  };

  // What is told last is told once: librdkafka repeats itself, hundreds of times a minute while it is down.
  let told = "";
  const tell = (status: SourceStatus) => {
    const text = JSON.stringify(status);
    if (text === told) return;
    told = text;
    feed.tell(status);
  };

  /** Reads with one client, until it is of no use any more or the source is disposed of. */
  const readWith = async (): Promise<void> => {
    let missing: string | undefined;
    let assigned = false;
    const tellPresent = () => {
      if (missing !== undefined) tell({ state: "partial", detail: `${address}: ${missing}` });
      else if (assigned) tell({ state: "connected", detail: `${address} as ${group}` });
    };
    const onTrouble = ({ kind, detail }: Failure) => {
      if (kind === "refused") tell({ state: "handshake-failed", detail });
      if (kind === "down") tell({ state: "disconnected", detail });
    };
    const watchdog = createWatchdog(() => performance.now());
    const connection = await connect(settings, rewound, {
      assigned: () => {
        assigned = true;
      },
      revoked: (partitions) => tracker.revoke(partitions),
      lost: (lost, detail) => feed.tell({ state: "gap", cause: "retention", lost, detail: `${address}: ${detail}` }),
      trouble: onTrouble,
      covers(now) {
        missing = now;
        tellPresent();
      },
      statistics(now) {
        watchdog.observe(now);
        if (now.up && (now.joined || missing !== undefined)) tellPresent();
      },
    });
    const tracker = createOffsetTracker((positions) => connection.store(positions));
    const offer = (records: readonly Message[]) => {
      if (records.length === 0) return;
      batch ??= { records: [], acks: [] };
      batch.records.push(...records);
      batch.acks.push(tracker.take(records));
      wake();
    };
    try {
      while (!disposal.signal.aborted && connection.failure() === undefined && !watchdog.stuck()) {
        offer(await connection.poll(settings.maxBatch, settings.pollIntervalMs));
        if (await isTakenWithin(holdMs)) continue;
        await pollUntilTaken(connection, offer);
      }
      const why = connection.failure()?.detail ?? `${address}: connected, but not let into the group ${group} for long`;
      if (!disposal.signal.aborted) tell({ state: "disconnected", detail: `${why}; trying again with a new client` });
    } finally {
      await connection.close(closeMs);
    }
  };

  const pollUntilTaken = async (connection: Connection, offer: (records: readonly Message[]) => void) => {
    do {
      // Each time anew: a rebalance may have brought partitions that are not paused.
      connection.pause();
      offer(await connection.poll(settings.maxBatch, 0));
    } while (!(await isTakenWithin(pollWhileHeldMs)) && !disposal.signal.aborted && connection.failure() === undefined);
    connection.resume();
  };
  /** Whether a reader has taken the batch. */
  const isTakenWithin = async (ms: number): Promise<boolean> => {
    const until = performance.now() + ms;
    while (batch !== undefined && !disposal.signal.aborted) {
      const left = until - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const resume = () => {
          clearTimeout(timer);
          parked.delete(resume);
          resolve();
        };
        const timer = setTimeout(resume, left);
        parked.add(resume);
      });
    }
    return true;
  };

  const keepReading = async () => {
    let retryAfterMs = retryMs;
    while (!disposal.signal.aborted) {
      const since = performance.now();
      await readWith();
      if (performance.now() - since > 60_000) retryAfterMs = retryMs;
      await wait(retryAfterMs, undefined, { signal: disposal.signal }).catch(() => undefined);
      retryAfterMs = Math.min(2 * retryAfterMs, retryMaxMs);
    }
  };
  const finished = keepReading()
    .catch((error: unknown) => (failure = error))
    .finally(() => {
      disposal.abort();
      wake();
    });

  return {
    async *read({ signal }) {
      signal.addEventListener("abort", wake);
      try {
        while (!signal.aborted) {
          if (failure !== undefined) throw failure;
          if (disposal.signal.aborted) return;
          if (batch === undefined) {
            await new Promise<void>((resolve) => parked.add(resolve));
            continue;
          }
          const { records, acks } = batch;
          batch = undefined;
          wake();
          const ack = () => {
            for (const acknowledge of acks) acknowledge();
          };
          yield { notifications: records.map(toNotification), ack };
        }
      } finally {
        signal.removeEventListener("abort", wake);
      }
    },
    status: () => feed.read(),
    async [Symbol.asyncDispose]() {
      disposal.abort();
      wake();
      await finished;
      feed.end({ state: "closed", detail: address });
    },
  };
}

/**
 * Whether a source can be made of these options, for who does not want to open one.
 *
 * @throws KafkaSourceError what {@link createKafkaSource} would throw
 */
export function checkKafkaOptions(options: KafkaSourceOptions): void {
  checkProperties(toSettings(options));
}

/** MISP's producer stamps records when it makes them (CreateTime, recorded); a record without a value is refused by who decodes it. */
function toNotification({ topic, value, timestamp = -1 }: Message): Notification {
  const nowMs = Date.now();
  const usable = timestamp > 0 && timestamp < nowMs + maxAheadMs;
  return { topic, body: value ?? nothing, observedAtMs: usable ? timestamp : nowMs };
}
