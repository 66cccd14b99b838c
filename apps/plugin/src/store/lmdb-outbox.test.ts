import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  describeOutbox,
  exampleEntry,
  exampleOutboxEntry,
  propertyRuns,
  runs,
  storeChanges,
} from "@tb/misp-core/testing";
import fc from "fast-check";
import { open } from "lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startScript } from "../../test/store-script.ts";
import { createDurableWrites } from "./durable-writes.ts";
import { timeKey, uuidKey, uuidOfKey, uuidOfTimeKey } from "./keys.ts";
import { createLmdbOutbox } from "./lmdb-outbox.ts";
import { openLmdbStore } from "./lmdb-store.ts";
import { openOutboxDatabases } from "./outbox-reads.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lmdb-outbox-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describeOutbox("the outbox in LMDB", async () => {
  const path = mkdtempSync(join(tmpdir(), "lmdb-outbox-contract-"));
  let store = await openLmdbStore({ path });
  return {
    outbox: store.outbox,
    async reopen() {
      await store[Symbol.asyncDispose]();
      store = await openLmdbStore({ path });
      return store.outbox;
    },
    async dispose() {
      await store[Symbol.asyncDispose]();
      rmSync(path, { recursive: true, force: true });
    },
  };
});

const uuidOf = (number: number) => exampleOutboxEntry(number).row.uuid;

describe("the outbox beside the index", () => {
  it("commits while the index does, in any rhythm: each sees what it wrote, at once, and neither loses any", async () => {
    const rhythm = fc.array(fc.constantFrom(0, 1, 2), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(rhythm, rhythm, async (ofOutbox, ofIndex) => {
        const path = mkdtempSync(join(folder, "state-"));
        const store = await openLmdbStore({ path });
        const pause = async (turns: number) => {
          for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        };
        const writeOutbox = async () => {
          for (const [number, turns] of ofOutbox.entries()) {
            await pause(turns);
            const next = exampleOutboxEntry(number + 1);
            const failed = exampleOutboxEntry(number, { failures: number + 1, dueAtMs: 5 + number });
            await store.outbox.commit({ put: [next], postpone: [failed] });
            expect(store.outbox.holds(uuidOf(number + 1))).toBe("waiting");
            expect(store.outbox.counts().waiting).toBe(number + 1);
            if (number > 0) expect(store.outbox.earliest(100)).toContainEqual(failed);
          }
        };
        const writeIndex = async () => {
          for (const [number, turns] of ofIndex.entries()) {
            await pause(turns);
            const after = exampleEntry(number + 1, { sequence: number });
            await store.commit(storeChanges({ entries: [{ after }], meta: { sequence: number } }));
            expect(store.byUuid(after.uuid)).toEqual({ id: number + 1 });
          }
        };
        await Promise.all([writeOutbox(), writeIndex()]);
        await store[Symbol.asyncDispose]();
        await using again = await openLmdbStore({ path });
        expect(again.outbox.counts()).toEqual({ waiting: ofOutbox.length, dead: 0 });
        expect(again.entriesAfter(0, 100)).toHaveLength(ofIndex.length);
      }),
      { numRuns: runs(30) },
    );
  });

  // Only root can mount a file system that is small enough to fill.
  const canMount = process.platform === "linux" && process.getuid?.() === 0;
  it.skipIf(!canMount)(
    `on a full disk fails with a text that says so, as the index does, and both keep what was committed${canMount ? "" : " (skipped: needs root for a small file system)"}`,
    async () => {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", folder]);
      try {
        const { closed } = startScript(
          join(folder, "state"),
          `
          const store = await openLmdbStore({ path });
          let rows = 0;
          let entries = 0;
          const fill = async (commit) => {
            try { for (;;) await commit(); } catch (error) { return [error.code, error.retryable, error.message.includes("make room")].join(" "); }
          };
          const numbers = Array.from({ length: 200 }, (_, number) => number + 1);
          const failures = await Promise.all([
            fill(async () => {
              await store.outbox.commit({ put: numbers.map((number) => exampleOutboxEntry(rows + number)) });
              rows += 200;
            }),
            fill(async () => {
              await store.commit(storeChanges({ entries: numbers.map((id) => ({ after: exampleEntry(entries + id) })) }));
              entries += 200;
            }),
          ]);
          console.log([...failures, store.outbox.counts().waiting === rows].join(", "));
          await store[Symbol.asyncDispose]();
          const again = await openLmdbStore({ path });
          console.log(rows > 0, entries > 0, again.outbox.counts().waiting === rows, again.outbox.earliest(1_000_000).length === rows, again.entriesAfter(0, 1_000_000).length === entries);
          await again[Symbol.asyncDispose]();`,
        );
        expect(await closed).toMatchObject({
          code: 0,
          output: "no_space true true, no_space true true, true\ntrue true true true true\n",
        });
      } finally {
        execFileSync("umount", [folder]);
      }
    },
  );

  it("is closed with its store only after what is being written is durable", async () => {
    const store = await openLmdbStore({ path: folder });
    const commits = [
      store.outbox.commit({ put: [exampleOutboxEntry(1)] }),
      store.commit(storeChanges({ entries: [{ after: exampleEntry(1) }] })),
    ];
    const root = open({ path: folder, maxDbs: 16 });
    const owner = () => {
      root.resetReadTxn();
      return root.openDB({ name: "meta" }).get("owner");
    };
    const closed = store[Symbol.asyncDispose]();
    // Nobody else may take the folder before.
    expect(owner()).toMatchObject({ pid: process.pid });
    await Promise.all(commits);
    await closed;
    expect(owner()).toBeUndefined();
    await root.close();
    await using again = await openLmdbStore({ path: folder });
    expect([again.outbox.counts().waiting, again.entry(1)?.id]).toEqual([1, 1]);
  });

  it("is made in a store that has none yet, and what lies there stays", async () => {
    const store = await openLmdbStore({ path: folder });
    await store.commit(storeChanges({ entries: [{ after: exampleEntry(1) }] }));
    await store[Symbol.asyncDispose]();
    const root = open({ path: folder, maxDbs: 16 });
    for (const name of ["outbox", "outbox-uuids", "dead-letters"]) await root.openDB({ name }).drop();
    await root.close();
    await using again = await openLmdbStore({ path: folder });
    expect(again.entry(1)).toEqual(exampleEntry(1));
    expect(again.outbox.counts()).toEqual({ waiting: 0, dead: 0 });
    await again.outbox.commit({ put: [exampleOutboxEntry(1)] });
    expect(again.outbox.holds(uuidOf(1))).toBe("waiting");
  });
});

describe("a broken invariant", () => {
  it("writes nothing: a row without a uuid, or a time that is none", async () => {
    await using store = await openLmdbStore({ path: folder });
    const { outbox } = store;
    const row = exampleOutboxEntry(2).row;
    for (const broken of [
      exampleOutboxEntry(2, { row: { ...row, uuid: row.uuid.toUpperCase() } }),
      exampleOutboxEntry(2, { row: { ...row, uuid: "" } }),
      exampleOutboxEntry(2, { dueAtMs: Number.NaN }),
      exampleOutboxEntry(2, { dueAtMs: -1 }),
    ]) {
      await expect(outbox.commit({ put: [exampleOutboxEntry(1), broken] })).rejects.toThrow(RangeError);
    }
    expect(outbox.counts()).toEqual({ waiting: 0, dead: 0 });
    await outbox.commit({ put: [exampleOutboxEntry(1)] });
    expect(outbox.earliest(10)).toEqual([exampleOutboxEntry(1)]);
  });

  it("two writers at once: the second is told", async () => {
    await using store = await openLmdbStore({ path: folder });
    const first = store.outbox.commit({ put: [exampleOutboxEntry(1)] });
    await expect(store.outbox.commit({ put: [exampleOutboxEntry(2)] })).rejects.toThrow("one writer");
    await first;
    await store.outbox.commit({ put: [exampleOutboxEntry(2)] });
    expect(store.outbox.counts().waiting).toBe(2);
  });
});

it("gives more rows when more are asked for, whatever was asked for before", async () => {
  await using store = await openLmdbStore({ path: folder });
  await store.outbox.commit({ put: [1, 2, 3].map((number) => exampleOutboxEntry(number, { dueAtMs: number })) });
  const asked = [0, 1, 3, 2, 100, 1].map((limit) => store.outbox.earliest(limit).map(({ dueAtMs }) => dueAtMs));
  expect(asked).toEqual([[], [1], [1, 2, 3], [1, 2], [1, 2, 3], [1]]);
});

it("does not read the file again for each row more that is asked for between two commits", async () => {
  const root = open({ path: folder, maxDbs: 16 });
  const databases = openOutboxDatabases(root);
  if (databases === undefined) throw new Error("not made");
  let ranges = 0;
  const due = Object.create(databases.due, {
    getRange: {
      value(options: object) {
        ranges += 1;
        return databases.due.getRange(options);
      },
    },
  });
  const outbox = createLmdbOutbox({ ...databases, due }, createDurableWrites(root, folder));
  await outbox.commit({ put: Array.from({ length: 700 }, (_, number) => exampleOutboxEntry(number)) });
  for (let limit = 1; limit <= 600; limit++) expect(outbox.earliest(limit)).toHaveLength(limit);
  expect(ranges).toBeGreaterThan(0);
  expect(ranges).toBeLessThan(15);
  await root.close();
});

it("knows of no row by a text that is no uuid", async () => {
  await using store = await openLmdbStore({ path: folder });
  const { outbox } = store;
  await outbox.commit({ put: [exampleOutboxEntry(1)] });
  for (const text of ["", "x", uuidOf(1).slice(0, -2), `${uuidOf(1)}00`, uuidOf(1).replaceAll("-", "")]) {
    expect([outbox.holds(text), outbox.deadLetter(text)]).toEqual([undefined, undefined]);
  }
  await outbox.commit({ discard: [""], done: ["x"] });
  expect(outbox.counts().waiting).toBe(1);
});

describe("keys", () => {
  it("give uuids back, and lie in the order of times", () => {
    const time = fc.double({ min: 0, noNaN: true });
    const uuid = fc.uuid().map((text) => text.toLowerCase());
    fc.assert(
      fc.property(time, uuid, time, uuid, (a, first, b, second) => {
        expect(uuidOfKey(uuidKey(first))).toBe(first);
        expect(uuidOfTimeKey(timeKey(a, first))).toBe(first);
        if (a !== b) expect(timeKey(a, first).compare(timeKey(b, second))).toBe(a < b ? -1 : 1);
      }),
      {
        numRuns: propertyRuns,
        examples: [[-0, "00000000-0000-0000-0000-000000000000", 1, "ffffffff-ffff-ffff-ffff-ffffffffffff"]],
      },
    );
  });
});
