import { createFilter, type QualityGates } from "@tb/misp-core";
import { createMemoryStore, exampleEntry, storeChanges } from "@tb/misp-core/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { createCounters } from "../counters.ts";
import { type Committer, createCommitter } from "./commit.ts";

/** More than one chunk. */
const count = 2_500;
const changedMs = 1_800_000_000_000;
const nothingPasses: QualityGates = { exceptionFor: () => "all" };

let store: ReturnType<typeof createMemoryStore>;
let gates: QualityGates;
let committer: Committer;
let commits: number;
let onCommitted: () => void;
beforeEach(async () => {
  store = createMemoryStore();
  const content = { ...exampleEntry(1).content, timestamp: changedMs / 1000 };
  const ids = Array.from({ length: count }, (_, i) => i + 1);
  const entries = ids.map((id) => ({
    after: exampleEntry(id, { content, live: false, announced: undefined, outdated: [] }),
  }));
  await store.commit(storeChanges({ entries, meta: { digest: "old" } }));
  [gates, commits, onCommitted] = [{}, 0, () => undefined];
  committer = createCommitter(store, {
    rules: { filter: createFilter([]), reorders: false, quality: { gates: () => gates, now: () => changedMs } },
    counters: createCounters(),
    takePublished: () => [],
    onCommitted() {
      commits += 1;
      onCommitted();
    },
  });
});
const live = () => store.entriesAfter(0, count).filter((entry) => entry.live).length;

describe("evaluating everything anew", () => {
  it("goes through all chunks, and not again for the same rules", async () => {
    expect(await committer.reevaluate("new")).toEqual({ entries: count });
    expect([live(), store.meta().digest]).toEqual([count, "new"]);
    const before = commits;
    expect(await committer.reevaluate("new")).toEqual({ entries: 0 });
    expect(commits).toBe(before);
  });

  it("ended between two chunks, it starts over, also when the rules are what they were before", async () => {
    const ending = new AbortController();
    const evaluating = committer.reevaluate("new", {
      signal: ending.signal,
      apply() {
        gates = nothingPasses;
      },
    });
    onCommitted = () => {
      if (commits === 2) ending.abort();
    };
    expect((await evaluating).entries).toBe(2_000);
    expect(store.meta().digest).toBe("");
    gates = {};
    expect(await committer.reevaluate("old")).toEqual({ entries: count });
    expect(live()).toBe(count);
  });

  it("rules that change back while it goes on are the ones that hold in the end", async () => {
    const use = (next: QualityGates) => ({
      apply() {
        gates = next;
      },
    });
    const evaluating = [
      committer.reevaluate("a", use({})),
      committer.reevaluate("b", use(nothingPasses)),
      committer.reevaluate("a", use({})),
    ];
    expect(await Promise.all(evaluating)).toEqual([{ entries: count }, { entries: count }, { entries: count }]);
    expect([live(), store.meta().digest]).toEqual([count, "a"]);
  });

  it("lets live messages in between its chunks", async () => {
    const done: string[] = [];
    const evaluating = committer.reevaluate("new").then(() => done.push("evaluated"));
    await committer.commit([]).then(() => done.push("committed"));
    await evaluating;
    expect(done).toEqual(["committed", "evaluated"]);
  });
});

describe("what time ends", () => {
  it("is withdrawn in chunks, and stands again when the clock has gone back", async () => {
    gates = { maxAgeMs: 1_000 };
    await committer.reevaluate("new");
    expect(await committer.expire(changedMs + 999)).toEqual({ entries: 0 });
    expect(await committer.expire(changedMs + 1_000)).toEqual({ entries: count });
    expect([live(), store.entry(1)?.removedAtMs]).toEqual([0, changedMs + 1_000]);
    expect(await committer.expire(changedMs + 5_000)).toEqual({ entries: 0 });
    expect(await committer.expire(changedMs + 999)).toEqual({ entries: count });
    expect(live()).toBe(count);
  });

  it("ends between two chunks when it is told to", async () => {
    gates = { maxAgeMs: 1_000 };
    await committer.reevaluate("new");
    const { entries } = await committer.expire(changedMs + 1_000, { signal: AbortSignal.abort() });
    expect(entries).toBe(2_000);
    expect(live()).toBe(count - 2_000);
  });
});
