import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exampleEntry, storeChanges } from "@tb/misp-core/testing";
import { open } from "lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../test/command.ts";
import { startScript } from "../../test/store-script.ts";
import { openLmdbStore } from "./lmdb-store.ts";
import { openReadOnlyIndex } from "./read-only-index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "read-only-"));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

async function fill(path: string): Promise<void> {
  await using store = await openLmdbStore({ path });
  await store.commit(storeChanges({ entries: [{ after: exampleEntry(1) }, { after: exampleEntry(2) }] }));
}

describe("the index for who only looks at it", () => {
  it("reads what is there, and changes not a byte of it", async () => {
    await fill(folder);
    const before = readFileSync(join(folder, "data.mdb"));
    const opened = openReadOnlyIndex(folder);
    if (!opened.ok) throw new Error(opened.text);
    await using index = opened.reader;
    const entry = exampleEntry(2);
    expect(index.read((view) => view.entry(2))).toEqual(entry);
    expect(index.read((view) => view.byUuid(entry.uuid))).toEqual({ id: 2 });
    expect(index.read((view) => view.byUuid("5f7b2284-bdd8-4ef4-b457-000000000000"))).toBeUndefined();
    expect(index.read((view) => [view.waitingCount(), view.waitingTags(1)])).toEqual([0, []]);
    expect(readFileSync(join(folder, "data.mdb")).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(["data.mdb", "lock.mdb"]);
  });

  it.each([
    ["no folder", () => undefined],
    ["an empty folder", () => mkdirSync(join(folder, "state"))],
  ])("makes nothing: %s", async (_, make) => {
    make();
    const path = join(folder, "state");
    const before = existsSync(path);
    expect(openReadOnlyIndex(path)).toEqual({ ok: false, absent: true, text: `there is no index in ${path} yet` });
    expect(existsSync(path)).toBe(before);
    if (before) expect(readdirSync(path)).toEqual([]);
  });

  it("makes no table of readers, which the program might not be allowed to open", async () => {
    await fill(folder);
    rmSync(join(folder, "lock.mdb"));
    expect(openReadOnlyIndex(folder)).toMatchObject({ ok: false, text: expect.stringContaining("no lock.mdb") });
    expect(readdirSync(folder)).toEqual(["data.mdb"]);
  });

  it("says that another user may not read it, and does not take it for absent", async () => {
    await fill(folder);
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) chmodSync(folder, 0);
    const { closed } = startScript(
      folder,
      `${isRoot ? "process.setuid(65534);" : ""} console.log(JSON.stringify(openReadOnlyIndex(path)));`,
    );
    const { output } = await closed;
    const text = `this user may not read the index in ${folder}: run this as the program's`;
    expect(JSON.parse(output)).toEqual({ ok: false, absent: false, text });
  });

  it("of a file that the program has not filled yet: no index", async () => {
    const root = open({ path: folder, maxDbs: 16 });
    await root.openDB({ name: "meta" }).put("format", 1);
    await root.close();
    expect(openReadOnlyIndex(folder)).toMatchObject({ ok: false, absent: true });
  });

  it("refuses a newer format and a damaged file, and says what it is", async () => {
    await fill(folder);
    const root = open({ path: folder, maxDbs: 16 });
    await root.openDB({ name: "meta" }).put("format", 99);
    await root.close();
    expect(openReadOnlyIndex(folder)).toMatchObject({ absent: false, text: expect.stringContaining("newer version") });
    truncateSync(join(folder, "data.mdb"), 10_000);
    expect(openReadOnlyIndex(folder)).toMatchObject({ absent: false, text: expect.stringContaining("damaged") });
  });

  it("sees what the program commits while it looks, and is not in its way", async () => {
    await using store = await openLmdbStore({ path: folder });
    const reader = startScript(
      folder,
      `
      const opened = openReadOnlyIndex(path);
      if (!opened.ok) throw new Error(opened.text);
      const look = () => console.log(opened.reader.read((view) => [1, 2].filter((id) => view.entry(id) !== undefined).join(" ") || "none"));
      look();
      process.stdin.on("data", look);
    `,
    );
    await until(() => reader.lines().length === 1);
    await store.commit(storeChanges({ entries: [{ after: exampleEntry(1) }] }));
    reader.child.stdin.write("look\n");
    await until(() => reader.lines().length === 2);
    await store.commit(storeChanges({ entries: [{ after: exampleEntry(2) }] }));
    reader.child.stdin.write("look\n");
    await until(() => reader.lines().length === 3);
    expect(reader.lines()).toEqual(["none", "1", "1 2"]);
    reader.child.kill("SIGKILL");
    await reader.closed;
  });

  it("holds no snapshot between two looks: stopped there, it does not make the store grow", async () => {
    await using store = await openLmdbStore({ path: folder });
    const ids = Array.from({ length: 200 }, (_, i) => i + 1);
    const rewrite = async (round: number) => {
      const entries = ids.map((id) => {
        const entry = exampleEntry(id);
        const before = store.entry(id);
        const content = { ...entry.content, comment: `${"x".repeat(300)} ${round}` };
        return { ...(before === undefined ? {} : { before }), after: { ...entry, content } };
      });
      await store.commit(storeChanges({ entries }));
    };
    for (let round = 0; round < 20; round++) await rewrite(round);
    const reader = startScript(
      folder,
      `
      const opened = openReadOnlyIndex(path);
      if (!opened.ok) throw new Error(opened.text);
      const found = opened.reader.read((view) => {
        // Stopped in the very moment after the look, before any timer: as by Ctrl-Z, or a write that waits for its reader.
        const { uuid, announced } = view.entry(1);
        for (const id of view.liveIdsWithPattern(announced.pattern)) return [view.byUuid(uuid), id, view.idsOfEvent(1).length];
      });
      console.log(JSON.stringify(found));
      process.kill(process.pid, "SIGSTOP");
    `,
    );
    await until(() => reader.lines().length === 1);
    expect(JSON.parse(reader.lines()[0] ?? "")).toEqual([{ id: 1 }, 1, 200]);
    const size = () => statSync(join(folder, "data.mdb")).size;
    const before = size();
    for (let round = 0; round < 60; round++) await rewrite(round);
    expect(size()).toBeLessThan(2 * before);
    reader.child.kill("SIGKILL");
    await reader.closed;
  });
});
