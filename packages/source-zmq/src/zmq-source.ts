import { setTimeout as wait } from "node:timers/promises";
import { createStatusFeed, type Source } from "@tb/misp-core";
import { type Connection, connect } from "./connection.ts";
import { overflowGap, reconnectGap } from "./gap.ts";
import { createLossReport } from "./loss-report.ts";
import { toSettings, type ZmqSourceOptions } from "./options.ts";
import { createNotificationQueue } from "./queue.ts";
import { splitFrame } from "./split-frame.ts";

/** After a socket gave up: soon at first, since a person may be mending it or MISP starting, and never rarer than this. */
const retryMs = 250;
const retryMaxMs = 30_000;

/**
 * MISP's ZeroMQ publisher as a source. Connects at once and keeps trying; what goes wrong is told by `status()`. ZeroMQ delivers
 * at most once: `ack` does nothing, and what may have been missed is reported as a gap.
 *
 * @throws ZmqSourceError when the options make no sense
 */
export function createZmqSource(options: ZmqSourceOptions): Source {
  const settings = toSettings(options);
  const { address, topics } = settings;
  const queue = createNotificationQueue({
    maxMessages: settings.maxQueuedMessages,
    maxBytes: settings.maxQueuedBytes,
    maxBatch: settings.maxBatch,
  });
  const feed = createStatusFeed({ state: "disconnected", detail: `${address}: connecting` });
  const losses = createLossReport((lost) => feed.tell(overflowGap(lost)));
  const disposal = new AbortController();
  const parked = new Set<() => void>();
  let lastObservedAtMs = settings.observedAfterMs;
  let connection: Connection | undefined;
  let wasConnected = false;
  let retryAfterMs = retryMs;
  let waking = false;

  const wakeReaders = () => {
    waking = false;
    for (const wake of parked) wake();
    parked.clear();
  };
  const onFrame = (frame: Buffer) => {
    const { topic, body } = splitFrame(frame);
    // Subscriptions are prefixes; a frame without a space is handed over, so that it is refused and counted.
    if (topic !== "" && !topics.has(topic)) return;
    lastObservedAtMs = Math.max(Date.now(), lastObservedAtMs + 0.001);
    if (!queue.push({ topic, body, observedAtMs: lastObservedAtMs })) losses.add();
    if (parked.size === 0 || waking) return;
    // zeromq.js hands over up to 512 messages in one turn of the event loop, each in a microtask of its own. A reader that is
    // woken by the first of them gets batches of one: 9.0 µs of CPU per message here instead of 8.0 (a bare receive loop: 6.2).
    waking = true;
    setImmediate(wakeReaders);
  };
  const onConnected = () => {
    retryAfterMs = retryMs;
    feed.tell({ state: "connected", detail: address });
    if (wasConnected) feed.tell(reconnectGap(address));
    wasConnected = true;
  };

  const keepConnected = async () => {
    while (!disposal.signal.aborted) {
      try {
        connection = connect(settings, { connected: onConnected, status: feed.tell, frame: onFrame });
        await connection.ended;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        feed.tell({ state: "disconnected", detail: `${address}: no socket could be made (${reason}); trying again` });
      }
      await wait(retryAfterMs, undefined, { signal: disposal.signal }).catch(() => undefined);
      retryAfterMs = Math.min(2 * retryAfterMs, retryMaxMs);
    }
  };
  const finished = keepConnected();

  return {
    async *read({ signal }) {
      const stop = () => wakeReaders();
      signal.addEventListener("abort", stop);
      try {
        while (!signal.aborted && !disposal.signal.aborted) {
          const notifications = queue.take();
          if (notifications.length > 0) yield { notifications, ack: () => undefined };
          else await new Promise<void>((resolve) => parked.add(resolve));
        }
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
    status: () => feed.read(),
    async [Symbol.asyncDispose]() {
      disposal.abort();
      connection?.close();
      wakeReaders();
      losses.close();
      await finished;
      feed.end({ state: "closed", detail: address });
    },
  };
}
