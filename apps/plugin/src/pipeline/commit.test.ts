import { createFilter, type Former, type IndexEntry, type Store } from "@tb/misp-core";
import { createMemoryStore, exampleEntry, storeChanges } from "@tb/misp-core/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { createCounters } from "../counters.ts";
import { type Committer, createCommitter } from "./commit.ts";
import type { Published } from "./publish.ts";

const day = 24 * 3_600_000;
const now = 1_800_000_000_000;
const former = (pattern: string, agoMs: number): Former => ({
  pattern,
  patternType: "stix",
  name: pattern,
  modifiedMs: 5,
  atMs: now - agoMs,
});

let store: Store;
let published: Published[];
let committer: Committer;
beforeEach(() => {
  store = createMemoryStore();
  published = [];
  committer = createCommitter(store, {
    rules: { filter: createFilter([]), reorders: false },
    counters: createCounters(),
    takePublished: () => published.splice(0),
    onCommitted: () => undefined,
  });
});
const keep = (entries: readonly IndexEntry[], dirty: { readonly sequence: number; readonly id: number }[] = []) =>
  store.commit(storeChanges({ entries: entries.map((after) => ({ after })), dirty }));

describe("a confirmation", () => {
  it("remembers the patterns that were removed, with the time, and what was announced stands", async () => {
    const before = exampleEntry(1, { sequence: 3, modifiedMs: 50 });
    await keep([before], [{ sequence: 3, id: 1 }]);
    published = [{ sequence: 3, id: 1, removed: true, atMs: now }];
    await committer.confirm();
    const [old] = before.outdated;
    expect(store.entry(1)).toEqual({ ...before, outdated: [], former: [{ ...old, modifiedMs: 49, atMs: now }] });
    expect(store.removedBetween(now, now + 1, 10)).toEqual([1]);
  });

  it("of what has changed since leaves everything as it is", async () => {
    const before = exampleEntry(1, { sequence: 4 });
    await keep([before], [{ sequence: 4, id: 1 }]);
    published = [{ sequence: 3, id: 1, removed: true, atMs: now }];
    await committer.confirm();
    expect(store.entry(1)).toEqual(before);
  });
});

describe("after 30 days", () => {
  it("a live indicator forgets what it was, and stays", async () => {
    const young = exampleEntry(2, { outdated: [], former: [former("A", 31 * day), former("B", 29 * day)] });
    await keep([exampleEntry(1, { outdated: [], former: [former("A", 31 * day)] }), young]);
    expect(await committer.purge(now)).toBe(0);
    expect(store.entry(1)).toEqual(exampleEntry(1, { outdated: [], former: [] }));
    expect(store.entry(2)).toEqual(young);
    expect(await committer.purge(now + 2 * day)).toBe(0);
    expect(store.entry(2)?.former).toEqual([]);
  });

  it("a live indicator that is still to be published loses none of its removals", async () => {
    const waiting = exampleEntry(1, { sequence: 3, former: [former("A", 31 * day)] });
    await keep([waiting], [{ sequence: 3, id: 1 }]);
    await committer.purge(now);
    expect(store.entry(1)).toEqual({ ...waiting, former: [] });
    expect(store.isDirty(3)).toBe(true);
  });

  it("what is over is dropped, and what is only withheld is no tombstone any more", async () => {
    const withdrawn: Partial<IndexEntry> = {
      live: false,
      outdated: [],
      removedAtMs: now - 40 * day,
      former: [former("A", 31 * day)],
    };
    await keep([exampleEntry(1, { ...withdrawn, gone: "attribute-deleted" }), exampleEntry(2, withdrawn)]);
    expect(await committer.purge(now)).toBe(2);
    expect(store.entry(1)).toBeUndefined();
    expect(store.entry(2)).toMatchObject({ removedAtMs: 0, former: [] });
  });

  it("thousands go in transactions that what is live need not wait for, and a signal ends it between two", async () => {
    const many = { length: 2_500 };
    const over = { live: false, outdated: [], gone: "event-deleted", removedAtMs: now - 31 * day } as const;
    await keep(Array.from(many, (_, i) => exampleEntry(i + 1, over)));
    const purging = committer.purge(now);
    await committer.commit([]);
    expect(store.entriesAfter(0, 3_000).length).toBeGreaterThan(1_000);
    expect(await purging).toBe(2_500);

    await keep(Array.from(many, (_, i) => exampleEntry(i + 1, over)));
    expect(await committer.purge(now, { signal: AbortSignal.abort() })).toBe(1_000);
  });

  it("what is over stays while its removal is younger", async () => {
    const over = exampleEntry(1, {
      live: false,
      outdated: [],
      gone: "attribute-deleted",
      removedAtMs: now - 31 * day,
      former: [former("A", 29 * day)],
    });
    await keep([over]);
    expect(await committer.purge(now)).toBe(0);
    expect(store.entry(1)).toEqual(over);
  });
});
