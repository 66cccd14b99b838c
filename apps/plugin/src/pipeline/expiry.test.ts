import { createMemoryStore, exampleEntry, storeChanges } from "@tb/misp-core/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Expiry, startExpiry } from "./expiry.ts";

const start = 1_800_000_000_000;
const day = 86_400_000;
let store: ReturnType<typeof createMemoryStore>;
let calls: number[];
let expiry: Expiry | undefined;
beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(start);
  store = createMemoryStore();
  calls = [];
});
afterEach(async () => {
  await expiry?.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const due = async (id: number, dueAtMs: number) => {
  const before = store.entry(id);
  const after = exampleEntry(id, { dueAtMs });
  await store.commit(storeChanges({ entries: [before === undefined ? { after } : { before, after }] }));
};
/** Expires as the committer does: what is due then is due no more. */
const run = () => {
  expiry = startExpiry(store, {
    now: Date.now,
    onError: (error) => {
      throw error;
    },
    async expire(nowMs) {
      const ids = store.dueBetween(0, nowMs + 1, 10);
      if (ids.length > 0) calls.push(nowMs);
      for (const id of ids) await due(id, -(store.entry(id)?.dueAtMs ?? 0));
    },
  });
  return expiry;
};

describe("the timer of what is due", () => {
  it("wakes at the earliest, then at the next", async () => {
    await due(1, start + 20_000);
    await due(2, start + 5_000);
    run();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toEqual([start + 5_000]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(calls).toEqual([start + 5_000, start + 20_000]);
  });

  it("wakes for what a transaction brings that is due earlier", async () => {
    await due(1, start + 50_000);
    const { wake } = run();
    await due(2, start + 1_000);
    wake();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls).toEqual([start + 1_000]);
  });

  it("does not overflow: due in years is not due now", async () => {
    await due(1, start + 400 * day);
    run();
    await vi.advanceTimersByTimeAsync(day);
    expect(calls).toEqual([]);
  });

  it("notices within a minute that the clock was set forward", async () => {
    await due(1, start + 400 * day);
    run();
    await vi.advanceTimersByTimeAsync(1_000);
    vi.setSystemTime(start + 400 * day);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(1);
  });

  it("calls once a minute at most while the clock was set back", async () => {
    await due(1, start + 1_000);
    run();
    vi.setSystemTime(start - day);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(calls).toEqual([]);
    expect(vi.getTimerCount()).toBe(1);
  });

  it("does not spin on what stays due", async () => {
    await due(1, start);
    let tries = 0;
    expiry = startExpiry(store, {
      now: Date.now,
      onError: () => undefined,
      async expire() {
        tries += 1;
        if (tries === 2) throw new Error("no space");
      },
    });
    await vi.advanceTimersByTimeAsync(5_500);
    expect(tries).toBe(6);
  });

  it("stops while it is at it, and waits for that", async () => {
    await due(1, start);
    const { stop } = run();
    await vi.advanceTimersByTimeAsync(0);
    await stop();
    expect(calls).toEqual([start]);
  });
});
