/**
 * Runs the pipeline for long, with its real store: messages of mixed actions, and at the end what consumers hold must be exactly
 * what MISP holds; memory must be flat once warm. `pnpm soak [MESSAGES] [MINUTES] [SEED]`, whichever bound comes first.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, createFilter, type NotificationBatch, type Source } from "@tb/misp-core";
import { createMispModel, createRandom, createRandomUuid, randomAction } from "@tb/misp-simulator";
import { createCounters, summaryLine } from "../src/counters.ts";
import { runPipeline } from "../src/pipeline/pipeline.ts";
import { openLmdbStore } from "../src/store/lmdb-store.ts";
import { expectedIndicators } from "../test/expected.ts";
import { anonymousMb } from "./memory.ts";

const [messages = 10_000_000, minutes = 30, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
const batchSize = 1_000;
const allowedGrowthMb = 64;

const random = createRandom(seed);
const model = createMispModel({ now: () => Math.floor(Date.now() / 1000), uuid: createRandomUuid(random) });
const path = mkdtempSync(join(tmpdir(), "soak-"));
const counters = createCounters();
const encoder = new TextEncoder();
const deadline = performance.now() + minutes * 60_000;
const stop = new AbortController();
let sent = 0;

/** Makes messages as fast as they are taken. */
const source: Source = {
  async *read({ signal }) {
    let observedAtMs = Date.now();
    while (sent < messages && performance.now() < deadline && !signal.aborted) {
      const notifications: NotificationBatch["notifications"][number][] = [];
      while (notifications.length < batchSize) {
        for (const { topic, body } of randomAction(model, random, { attributes: 5_000 }).notifications) {
          observedAtMs += 0.001;
          notifications.push({ topic, body: encoder.encode(body), observedAtMs });
        }
      }
      sent += notifications.length;
      yield { notifications, ack: () => undefined };
      // The pipeline's other stages live on the same loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
  async *status() {},
  async [Symbol.asyncDispose]() {},
};

const byId = new Map<string, string>();
const byPattern = new Set<string>();
const bus: Pick<Bus, "publish"> = {
  async publish(objects) {
    for (const object of objects) {
      const pattern = String(object["pattern"]);
      if (object["x_threatbus_update"] === "REMOVE") {
        byId.delete(object.id);
        byPattern.delete(pattern);
      } else {
        byId.set(object.id, pattern);
        byPattern.add(pattern);
      }
    }
  },
};

const say = (text: string) => process.stdout.write(`${text}\n`);

say(`soak: ${messages} messages or ${minutes} minutes, seed ${seed}`);
const begin = performance.now();
let warmMb: number | undefined;
let peakMb = 0;
const watch = setInterval(() => {
  const progress = Math.max(sent / messages, (performance.now() - begin) / (minutes * 60_000));
  globalThis.gc?.();
  const mb = anonymousMb();
  if (progress > 0.2) {
    warmMb ??= mb;
    peakMb = Math.max(peakMb, mb);
  }
  const rate = Math.round(sent / ((performance.now() - begin) / 1000));
  say(
    `${(100 * progress).toFixed(0)} %: ${sent} messages, ${rate}/s, ${Math.round(mb)} MB, index ${Math.round(statSync(join(path, "data.mdb")).size / 1e6)} MB`,
  );
}, 15_000);

try {
  const store = await openLmdbStore({ path });
  await runPipeline(
    {
      store,
      source,
      bus: bus as Bus,
      filter: createFilter([{ tags: ["tlp:amber", "tlp:red"] }, { types: ["ip-dst", "domain", "filename"] }]),
      reorders: false,
      digest: "soak",
      rendering: {},
      counters,
      onRefused: (reason, detail) => {
        throw new Error(`${reason}: ${detail}`);
      },
      onReevaluated: () => undefined,
    },
    { signal: stop.signal, deadline: new AbortController().signal },
  );
  clearInterval(watch);
  const dirty = store.dirtyAfter(0, 1).length;
  await store[Symbol.asyncDispose]();
  say(summaryLine(counters.snapshot()));
  say(
    `${sent} messages in ${Math.round((performance.now() - begin) / 1000)} s; ${Math.round(warmMb ?? 0)} MB when warm, ${Math.round(peakMb)} MB at most since`,
  );

  const expected = expectedIndicators(model, [
    { tags: ["tlp:amber", "tlp:red"] },
    { types: ["ip-dst", "domain", "filename"] },
  ]);
  const wrong = [...expected].filter(([id, { pattern }]) => byId.get(id) !== pattern).length;
  const stale = [...byId.keys()].filter((id) => !expected.has(id)).length;
  const values = new Set([...expected.values()].map(({ pattern }) => pattern));
  const staleValues = [...byPattern].filter((pattern) => !values.has(pattern)).length + (values.size - byPattern.size);
  say(
    `${expected.size} indicators expected: ${wrong} missing or wrong, ${stale} stale, ${staleValues} values amiss, ${dirty} dirty`,
  );
  if (wrong + stale + staleValues + dirty > 0) throw new Error("what consumers hold is not what MISP holds");
  if (warmMb !== undefined && peakMb > warmMb + allowedGrowthMb) throw new Error("memory grew");
} finally {
  clearInterval(watch);
  rmSync(path, { recursive: true, force: true });
}
