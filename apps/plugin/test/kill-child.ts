/**
 * The pipeline with its real store and bus, fed over IPC, that kills itself at the step it is told to. The switches are here and
 * not in the product: store, source and bus are wrapped.
 *
 * argv: state folder, step to die at (or "none"), how often to pass that step first.
 * IPC in: { notifications: [{ body, observedAtMs }], batch } or { stop: true }; out: { ready } and { acked: batch }.
 */
import type { Bus, NotificationBatch, Source, Store } from "@tb/misp-core";
import { createNdjsonBus } from "../src/bus/ndjson-bus.ts";
import { standardOutput } from "../src/bus/standard-output.ts";
import { createCounters } from "../src/counters.ts";
import { runPipeline } from "../src/pipeline/pipeline.ts";
import { openLmdbStore } from "../src/store/lmdb-store.ts";
import { type KillStep, killItems } from "./kill-steps.ts";
import { compileItems } from "./world.ts";

interface Feed {
  readonly batch?: number;
  readonly notifications?: readonly { readonly body: string; readonly observedAtMs: number }[];
  readonly stop?: true;
}

const [path = "", step = "none", passes = "0"] = process.argv.slice(2);
let left = Number(passes);

function dieAt(here: KillStep): void {
  if (here !== step) return;
  if (left > 0) left -= 1;
  else process.kill(process.pid, "SIGKILL");
}

const encoder = new TextEncoder();
const controller = new AbortController();
const batches: NotificationBatch[] = [];
let wake: (() => void) | undefined;
process.on("message", ({ batch, notifications, stop }: Feed) => {
  if (stop) {
    controller.abort();
    wake?.();
    return;
  }
  batches.push({
    notifications: (notifications ?? []).map(({ body, observedAtMs }) => ({
      topic: "misp",
      body: encoder.encode(body),
      observedAtMs,
    })),
    ack() {
      dieAt("before-ack");
      process.send?.({ acked: batch });
      dieAt("acked");
    },
  });
  wake?.();
});

const source: Source = {
  async *read({ signal }) {
    while (!signal.aborted) {
      const next = batches.shift();
      if (next !== undefined) {
        dieAt("received");
        yield next;
        continue;
      }
      await new Promise<void>((resolve) => (wake = resolve));
    }
  },
  async *status() {},
  async [Symbol.asyncDispose]() {},
};

function wrapStore(store: Store): Store {
  return {
    ...store,
    async commit(changes) {
      const confirms = changes.clean.length > 0 && changes.dirty.length === 0;
      dieAt(confirms ? "before-confirm" : "before-commit");
      const committed = store.commit(changes);
      // The writer thread has it, and may be anywhere.
      dieAt("during-commit");
      await committed;
      dieAt(confirms ? "confirmed" : "committed");
    },
  };
}

function wrapBus(bus: Bus): Bus {
  return {
    ...bus,
    async publish(objects) {
      dieAt("before-publish");
      if (step === "during-publish" && left === 0) await bus.publish(objects.slice(0, Math.ceil(objects.length / 2)));
      dieAt("during-publish");
      await bus.publish(objects);
      dieAt("published");
    },
  };
}

const store = await openLmdbStore({ path });
const bus = createNdjsonBus({ output: standardOutput(), input: process.stdin, onRefused: () => undefined });
process.send?.({ ready: true });
await runPipeline(
  {
    store: wrapStore(store),
    source,
    bus: wrapBus(bus),
    filter: compileItems(killItems),
    reorders: true,
    digest: "test",
    rendering: {},
    counters: createCounters(),
    onRefused: (reason, detail) => {
      throw new Error(`${reason}: ${detail}`);
    },
    onReevaluated: () => undefined,
  },
  { signal: controller.signal, deadline: AbortSignal.timeout(60_000) },
);
await bus[Symbol.asyncDispose]();
await store[Symbol.asyncDispose]();
process.disconnect();
