/**
 * How the index grows: fills a store with attributes of events of 50, a third of them withheld, and measures time, bytes, memory,
 * restart, a snapshot walk, a snapshot that the real program sends to an app in a process of its own, and the deletion of an event of 10,000 attributes.
 * `pnpm million [SIZE…]`, default 10000 100000 1000000; a child process for each, so that memory is its own.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, createFilter, decode, toAnnouncement } from "@tb/misp-core";
import { createCounters } from "../src/counters.ts";
import { toDigest } from "../src/digest.ts";
import { createCommitter } from "../src/pipeline/commit.ts";
import { startPublishing } from "../src/pipeline/publish.ts";
import { openLmdbStore } from "../src/store/lmdb-store.ts";
import { anonymousMb } from "./memory.ts";
import { attributeMessage } from "./messages.ts";
import { measureSnapshot, type SnapshotFigures } from "./snapshot.ts";

const batchSize = 4_000;
const bigEvent = 10_000;
const filter = createFilter([]);
const encoder = new TextEncoder();

interface Figures {
  readonly size: number;
  readonly fillSeconds: number;
  readonly bytesPerAttribute: number;
  /** Resident memory that is not the mapped file. */
  readonly anonymousMb: number;
  readonly restartMs: number;
  readonly walkSeconds: number;
  readonly deleteSeconds: number;
  readonly snapshot: SnapshotFigures;
}

function open(path: string) {
  return openLmdbStore({ path }).then((store) => {
    const counters = createCounters();
    const bus = { publish: async () => undefined } as unknown as Bus;
    let publisher: ReturnType<typeof startPublishing> | undefined;
    const committer = createCommitter(store, {
      rules: { filter, reorders: false },
      counters,
      takePublished: () => publisher?.takePublished() ?? [],
      onCommitted: () => publisher?.wake(),
    });
    publisher = startPublishing(store, bus, { counters, onPublished: () => undefined });
    const settle = async () => {
      while (store.dirtyAfter(0, 1).length > 0) {
        await new Promise((resolve) => setImmediate(resolve));
        await committer.confirm();
      }
    };
    return { store, committer, settle };
  });
}

let observedAtMs = 1_800_000_000_000;
function changesOf(frame: string) {
  observedAtMs += 0.001;
  const body = encoder.encode(frame.slice(frame.indexOf(" ") + 1));
  const decoded = decode({ topic: "misp_json_attribute", body, observedAtMs });
  if (!decoded.ok) throw new Error(decoded.detail);
  return decoded.changes;
}

async function measure(size: number): Promise<Figures> {
  const path = mkdtempSync(join(tmpdir(), "million-"));
  try {
    let { store, committer, settle } = await open(path);
    const message = (id: number) => {
      const frame = attributeMessage("add", id, "");
      // A third is mirrored and withheld: the IDS flag is off.
      return id % 3 === 0 ? frame.replace('"to_ids":true', '"to_ids":false') : frame;
    };
    // The program that sends the snapshot finds its own digest, and evaluates nothing anew.
    await committer.reevaluate(toDigest({ filter, gates: {} }));
    const begin = performance.now();
    for (let id = 1; id <= size; id += batchSize) {
      const ids = Array.from({ length: Math.min(batchSize, size - id + 1) }, (_, i) => id + i);
      await committer.commit(ids.flatMap((n) => changesOf(message(n))));
    }
    await settle();
    const fillSeconds = (performance.now() - begin) / 1000;
    const bytesPerAttribute = statSync(join(path, "data.mdb")).size / size;
    globalThis.gc?.();
    const memory = anonymousMb();

    await store[Symbol.asyncDispose]();
    const live = size - Math.floor(size / 3);
    const snapshot = await measureSnapshot(path, live);
    const restart = performance.now();
    ({ store, committer, settle } = await open(path));
    await committer.commit(changesOf(attributeMessage("edit", 1, "first after the restart")));
    const restartMs = performance.now() - restart;

    const walk = performance.now();
    let rendered = 0;
    for (let afterId = 0; ; ) {
      const chunk = store.entriesAfter(afterId, 500);
      if (chunk.length === 0) break;
      for (const entry of chunk) if (toAnnouncement(entry, {}) !== undefined) rendered += 1;
      afterId = chunk.at(-1)?.id ?? 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const walkSeconds = (performance.now() - walk) / 1000;
    if (rendered !== live) throw new Error(`${rendered} announced of ${size}`);

    const eventId = 5_000_000;
    for (let i = 0; i < bigEvent; i += batchSize) {
      const frames = Array.from({ length: Math.min(batchSize, bigEvent - i) }, (_, n) =>
        attributeMessage("add", size + 1 + i + n, "").replace(/"event_id":"\d+"/, `"event_id":"${eventId}"`),
      );
      await committer.commit(frames.flatMap(changesOf));
    }
    await settle();
    const deletion = performance.now();
    await committer.commit(changesOf(`misp_json_event {"Event":{"id":"${eventId}"},"action":"delete"}`));
    await settle();
    const deleteSeconds = (performance.now() - deletion) / 1000;
    await store[Symbol.asyncDispose]();
    return {
      size,
      fillSeconds,
      bytesPerAttribute,
      anonymousMb: memory,
      restartMs,
      walkSeconds,
      snapshot,
      deleteSeconds,
    };
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

if (process.send !== undefined) {
  const figures = await measure(Number(process.argv[2]));
  process.send(figures);
  process.disconnect();
} else {
  const sizes = process.argv.slice(2).map(Number);
  process.stdout.write(
    "| attributes | fill | per second | bytes each | memory | restart to first commit | snapshot walk | snapshot to an app | adds | delete of 10,000 |\n",
  );
  process.stdout.write("|---|---|---|---|---|---|---|---|---|---|\n");
  for (const size of sizes.length > 0 ? sizes : [10_000, 100_000, 1_000_000]) {
    const child = fork(new URL(import.meta.url), [String(size)], {
      execArgv: ["--expose-gc", "--import", "tsx", "--conditions=@tb/source"],
    });
    const [f] = (await once(child, "message")) as [Figures];
    process.stdout.write(
      `| ${f.size} | ${f.fillSeconds.toFixed(1)} s | ${Math.round(f.size / f.fillSeconds)} | ${Math.round(f.bytesPerAttribute)} | ${Math.round(f.anonymousMb)} MB | ` +
        `${Math.round(f.restartMs)} ms | ${f.walkSeconds.toFixed(2)} s | ${f.snapshot.seconds.toFixed(1)} s | ${Math.round(f.snapshot.addedMb)} MB | ${f.deleteSeconds.toFixed(2)} s |\n`,
    );
  }
}
