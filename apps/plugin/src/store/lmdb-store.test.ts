import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeStore, exampleEntry, storeChanges } from "@tb/misp-core/testing";
import { open } from "lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../test/command.ts";
import { startScript } from "../../test/store-script.ts";
import { openLmdbStore } from "./lmdb-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lmdb-store-"));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

describeStore("the store in LMDB", async () => {
  const path = mkdtempSync(join(tmpdir(), "lmdb-contract-"));
  let store = await openLmdbStore({ path });
  return {
    store,
    async reopen() {
      await store[Symbol.asyncDispose]();
      store = await openLmdbStore({ path });
      return store;
    },
    async dispose() {
      await store[Symbol.asyncDispose]();
      rmSync(path, { recursive: true, force: true });
    },
  };
});

async function filled(path: string): Promise<void> {
  const store = await openLmdbStore({ path });
  for (let i = 0; i < 5; i++) {
    const entries = Array.from({ length: 200 }, (_, j) => ({ after: exampleEntry(i * 200 + j + 1) }));
    await store.commit(storeChanges({ entries }));
  }
  await store[Symbol.asyncDispose]();
}

describe("state folder", () => {
  it("is for its owner alone, whatever the umask", async () => {
    const path = join(folder, "a", "state");
    const { closed } = startScript(
      path,
      `process.umask(0); const store = await openLmdbStore({ path }); await store.commit(storeChanges({ entries: [{ after: exampleEntry(1) }] })); await store[Symbol.asyncDispose]();`,
    );
    expect(await closed).toMatchObject({ code: 0 });
    expect((statSync(path).mode & 0o777).toString(8)).toBe("700");
    for (const file of readdirSync(path))
      expect([file, (statSync(join(path, file)).mode & 0o777).toString(8)]).toEqual([file, "600"]);
    expect(readdirSync(path)).toEqual(["data.mdb", "lock.mdb"]);
  });

  it("refuses a second process, with the first one's pid", async () => {
    const first = startScript(
      folder,
      `await openLmdbStore({ path }); console.log("open"); setInterval(() => {}, 1000);`,
    );
    await until(() => first.lines().includes("open"));
    await expect(openLmdbStore({ path: folder })).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining(`another process (pid ${first.child.pid}) uses this state folder`),
    });
    first.child.kill("SIGKILL");
    await first.closed;
    await (await openLmdbStore({ path: folder }))[Symbol.asyncDispose]();
  });

  it("of two processes that start at the same time one gets it, every time", async () => {
    for (let i = 0; i < 3; i++) {
      const script = `try { await openLmdbStore({ path }); console.log("won"); setInterval(() => {}, 1000); } catch (error) { console.log(error.code); process.exit(1); }`;
      const both = [startScript(folder, script), startScript(folder, script)];
      await until(() => both.every(({ lines }) => lines().length > 0));
      expect(both.map(({ lines }) => lines()[0]).sort()).toEqual(["locked", "won"]);
      for (const { child } of both) child.kill("SIGKILL");
      await Promise.all(both.map(({ closed }) => closed));
    }
  });

  it("of a newer format is refused and left as it is", async () => {
    await filled(folder);
    const root = open({ path: folder, maxDbs: 16 });
    await root.openDB({ name: "meta" }).put("format", 99);
    await root.close();
    await expect(openLmdbStore({ path: folder })).rejects.toMatchObject({
      code: "newer_format",
      message: expect.stringContaining("written by a newer version"),
    });
  });

  it("that is shorter than it says, and lacks nothing that is stored, opens as ever", async () => {
    await filled(folder);
    const file = join(folder, "data.mdb");
    const bytes = readFileSync(file);
    // As if a transaction had taken a page at the end and given it back: LMDB counts it, and never writes it.
    for (const at of [144, 4096 + 144]) bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at) + 1n, at);
    writeFileSync(file, bytes);
    const store = await openLmdbStore({ path: folder });
    expect(store.entriesAfter(0, 10).length).toBeGreaterThan(0);
    await store.commit(storeChanges({ entries: [{ after: exampleEntry(99) }] }));
    await store[Symbol.asyncDispose]();
    const again = await openLmdbStore({ path: folder });
    expect(again.entry(99)).toBeDefined();
    await again[Symbol.asyncDispose]();
  });

  it("that was cut off is reported and left as it is", async () => {
    await filled(folder);
    const file = join(folder, "data.mdb");
    for (const size of [Math.floor(statSync(file).size / 2), 20_000, 8192, 4096, 100, 0]) {
      truncateSync(file, size);
      await expect(openLmdbStore({ path: folder })).rejects.toMatchObject({ code: "damaged" });
      expect(statSync(file).size).toBe(size);
    }
  });

  it("that is garbage is reported and left as it is", async () => {
    const file = join(folder, "data.mdb");
    const garbage = Buffer.alloc(50_000, "garbage");
    writeFileSync(file, garbage);
    await expect(openLmdbStore({ path: folder })).rejects.toMatchObject({
      code: "damaged",
      message: expect.stringContaining(folder),
    });
    expect(readFileSync(file).equals(garbage)).toBe(true);
  });

  it("that has a folder in place of its file is reported", async () => {
    mkdirSync(join(folder, "data.mdb"));
    await expect(openLmdbStore({ path: folder })).rejects.toMatchObject({ code: "damaged" });
  });

  it("below a file cannot be made, and the text says so", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(openLmdbStore({ path: join(folder, "file", "state") })).rejects.toMatchObject({ name: "StoreError" });
  });
});

describe("commit", () => {
  it("is whole or not at all under SIGKILL, and whole once it was confirmed", async () => {
    let last = 0;
    for (let kill = 0; kill < 10; kill++) {
      const writer = startScript(
        folder,
        `const store = await openLmdbStore({ path });
         for (let n = ${last} + 1; ; n++) {
           const entries = [1, 2, 3].map((id) => { const before = store.entry(id); const after = exampleEntry(id, { sequence: n }); return before ? { before, after } : { after }; });
           await store.commit(storeChanges({ entries, meta: { sequence: n } }));
           console.log(n);
         }`,
      );
      await until(() => writer.lines().length > kill * 7);
      writer.child.kill("SIGKILL");
      await writer.closed;
      const acknowledged = Number(writer.lines().at(-1));
      const store = await openLmdbStore({ path: folder });
      last = store.meta().sequence;
      expect(last).toBeGreaterThanOrEqual(acknowledged);
      expect(last).toBeLessThanOrEqual(acknowledged + 1);
      expect([1, 2, 3].map((id) => store.entry(id)?.sequence)).toEqual([last, last, last]);
      await store[Symbol.asyncDispose]();
    }
  }, 60_000);
});
