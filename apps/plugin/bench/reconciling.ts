/**
 * The pipeline and the reconciler with their real store, source and client. argv: MISP's URL, key, ZeroMQ's port, state folder.
 * IPC: { filled: { tookMs, cpuMs, peakMb } } after the fill; { reconcile: scope or null } → { answer, peakMb }. Objects go to standard output.
 */
import { createMispApi } from "@tb/misp-api";
import { createFilter } from "@tb/misp-core";
import { createZmqSource } from "@tb/source-zmq";
import { createNdjsonBus } from "../src/bus/ndjson-bus.ts";
import { standardOutput } from "../src/bus/standard-output.ts";
import type { ReconcileScope } from "../src/completeness/reconcile.ts";
import { createReconciler } from "../src/completeness/reconciler.ts";
import { createCounters } from "../src/counters.ts";
import { runPipeline } from "../src/pipeline/pipeline.ts";
import { openLmdbStore } from "../src/store/lmdb-store.ts";
import { watchMemory } from "./memory.ts";

const [host = "", key = "", port = "", path = ""] = process.argv.slice(2);
const store = await openLmdbStore({ path });
const api = createMispApi({ host, key });
const source = createZmqSource({ host: "127.0.0.1", port: Number(port), maxQueuedMessages: 2_000_000 });
const bus = createNdjsonBus({ output: standardOutput(), input: process.stdin, onRefused: () => undefined });
const counters = createCounters();
const onRefused = (reason: string, detail: string) => {
  throw new Error(`${reason}: ${detail}`);
};
const reconciler = createReconciler({
  store,
  api,
  filter: createFilter([]),
  counters,
  intervalMs: 0,
  // As a host of the Threat Bus protocol: whoever wants what is there asks for it.
  quietFill: true,
  say: (level, _cause, text) => {
    if (level === "warn" || level === "error") process.stderr.write(`${text}\n`);
  },
  onRefused,
});

process.on("message", async ({ reconcile }: { readonly reconcile: ReconcileScope | null }) => {
  const memory = watchMemory();
  const answer = await reconciler.request(reconcile === null ? {} : { scope: reconcile });
  process.send?.({ answer, peakMb: memory.stop() });
});
process.on("disconnect", () => process.exit());

const memory = watchMemory();
const begin = performance.now();
const running = runPipeline(
  {
    store,
    source,
    bus,
    filter: createFilter([]),
    reorders: false,
    digest: "bench",
    rendering: {},
    counters,
    onRefused,
    onReevaluated: () => undefined,
    reconciler,
  },
  { signal: new AbortController().signal, deadline: new AbortController().signal },
);
reconciler.begin({ orgId: 1, siteAdmin: true });
await reconciler.filled;
process.send?.({ filled: { tookMs: performance.now() - begin, cpuMs: memory.cpuMs(), peakMb: memory.stop() } });
await running;
