import { setTimeout as wait } from "node:timers/promises";
import type { Source } from "@tb/misp-core";
import { type Connection, connect } from "./connection.ts";
import { toSettings, type ZmqSourceOptions } from "./options.ts";
import { createNotificationQueue } from "./queue.ts";
import { createStatusFeed } from "./status-feed.ts";

/** After a refusal: soon at first, since a person may be mending it, and never rarer than this. */
const retryMs = 1_000;
const retryMaxMs = 30_000;
const space = 0x20;

/**
 * MISP's ZeroMQ publisher as a source. Connects at once and keeps trying; what goes wrong is told by `status()`. ZeroMQ delivers
 * at most once: `ack` does nothing, and what may have been missed is reported as a gap.
 *
 * @throws ZmqSourceError when the options make no sense
 */
export function createZmqSource(options: ZmqSourceOptions): Source {
  const settings = toSettings(options);
  const queue = createNotificationQueue({ maxMessages: settings.maxQueuedMessages, maxBytes: settings.maxQueuedBytes });
  const feed = createStatusFeed({ state: "disconnected", detail: `${settings.address}: connecting` });
  const disposal = new AbortController();
  let lastObservedAtMs = settings.observedAfterMs;
  let connection: Connection | undefined;
  let wasConnected = false;
  let retryAfterMs = retryMs;
  let wakeReader: (() => void) | undefined;

  const onFrame = (frame: Buffer) => {
    const end = frame.indexOf(space);
    const topic = end < 0 ? "" : frame.toString("utf8", 0, end);
    // Subscriptions are prefixes; a frame without a space is handed over, so that it is refused and counted.
    if (end >= 0 && !settings.topics.has(topic)) return;
    lastObservedAtMs = Math.max(Date.now(), lastObservedAtMs + 0.001);
    queue.push({ topic, body: frame.subarray(end + 1), observedAtMs: lastObservedAtMs });
    wakeReader?.();
  };
  const onConnected = () => {
    retryAfterMs = retryMs;
    feed.tell({ state: "connected", detail: settings.address });
    if (wasConnected) {
      feed.tell({
        state: "gap",
        cause: "reconnect",
        detail: `${settings.address}: messages of the time without connection are lost`,
      });
    }
    wasConnected = true;
  };

  const keepConnected = async () => {
    while (!disposal.signal.aborted) {
      connection = connect(settings, { connected: onConnected, status: feed.tell, frame: onFrame });
      if ((await connection.ended) === "refused") {
        await wait(retryAfterMs, undefined, { signal: disposal.signal }).catch(() => undefined);
        retryAfterMs = Math.min(2 * retryAfterMs, retryMaxMs);
      }
    }
  };
  const finished = keepConnected();

  const takeBatch = () => {
    const notifications = queue.take(settings.maxBatch);
    const lost = queue.length === 0 ? queue.takeLost() : 0;
    if (lost > 0) {
      feed.tell({
        state: "gap",
        cause: "overflow",
        lost,
        detail: `${lost} messages came faster than they were taken, and found no room`,
      });
    }
    return notifications;
  };

  return {
    async *read({ signal }) {
      const stop = () => wakeReader?.();
      signal.addEventListener("abort", stop);
      try {
        while (!signal.aborted && !disposal.signal.aborted) {
          if (queue.length === 0) {
            await new Promise<void>((resolve) => {
              wakeReader = resolve;
            });
            wakeReader = undefined;
            continue;
          }
          yield { notifications: takeBatch(), ack: () => undefined };
        }
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
    status: () => feed.read(),
    async [Symbol.asyncDispose]() {
      disposal.abort();
      connection?.close();
      wakeReader?.();
      await finished;
      feed.end({ state: "closed", detail: settings.address });
    },
  };
}
