/**
 * The whole pipeline with its real source and store, objects to standard output. argv: ZeroMQ's port or Kafka's options as JSON,
 * state folder. IPC: { expect } → { ms } from the first message until all are committed, announced and confirmed.
 */
import { createFilter } from "@tb/misp-core";
import { createKafkaSource } from "@tb/source-kafka";
import { createZmqSource } from "@tb/source-zmq";
import { createNdjsonBus } from "../src/bus/ndjson-bus.ts";
import { standardOutput } from "../src/bus/standard-output.ts";
import { createCounters } from "../src/counters.ts";
import { runPipeline } from "../src/pipeline/pipeline.ts";
import { openLmdbStore } from "../src/store/lmdb-store.ts";

const [from = "", path = ""] = process.argv.slice(2);
const store = await openLmdbStore({ path });
const source = from.startsWith("{")
  ? createKafkaSource(JSON.parse(from))
  : createZmqSource({ host: "127.0.0.1", port: Number(from), maxQueuedMessages: 2_000_000, maxQueuedBytes: 4e9 });
const bus = createNdjsonBus({ output: standardOutput(), input: process.stdin, onRefused: () => undefined });
const counters = createCounters();

process.on("message", async ({ expect }: { expect: number }) => {
  const before = counters.snapshot();
  const target = before.received + expect;
  const now = () => counters.snapshot();
  const tick = () => new Promise((resolve) => setTimeout(resolve, 1));
  while (now().received === before.received) await tick();
  const firstMs = performance.now();
  const cpu = process.cpuUsage();
  while (now().received < target || store.dirtyAfter(0, 1).length > 0) await tick();
  const ms = performance.now() - firstMs;
  const used = process.cpuUsage(cpu);
  process.send?.({ ms, cpuMs: (used.user + used.system) / 1000, rssMb: process.memoryUsage.rss() / 1e6 });
});
process.on("disconnect", () => process.exit());
process.send?.({ ready: true });
await runPipeline(
  {
    store,
    source,
    bus,
    filter: createFilter([]),
    reorders: from.startsWith("{"),
    digest: "bench",
    rendering: {},
    counters,
    onRefused: (reason, detail) => {
      throw new Error(`${reason}: ${detail}`);
    },
    onReevaluated: () => undefined,
  },
  { signal: new AbortController().signal, deadline: new AbortController().signal },
);
