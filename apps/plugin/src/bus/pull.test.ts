import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { pull } from "./pull.ts";

interface Value {
  readonly n: number;
}

function createSupply(values: Value[] = []) {
  const wakes = new Set<() => void>();
  const supply = {
    subscriptions: 0,
    taken: 0,
    ended: false,
    get open() {
      return wakes.size;
    },
    take: () => {
      const value = values.shift();
      if (value !== undefined) supply.taken += 1;
      return value;
    },
    over: () => supply.ended,
    subscribe: (wake: () => void) => {
      supply.subscriptions += 1;
      wakes.add(wake);
      return () => wakes.delete(wake);
    },
    put: (n: number) => {
      values.push({ n });
      for (const wake of wakes) wake();
    },
    end: () => {
      supply.ended = true;
      for (const wake of wakes) wake();
    },
  };
  return supply;
}

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

describe("pull", () => {
  it("takes a value when it is asked for one, and nothing before", async () => {
    const supply = createSupply([{ n: 1 }, { n: 2 }]);
    const iterator = pull<Value>(supply)[Symbol.asyncIterator]();
    expect(supply).toMatchObject({ taken: 0, subscriptions: 0 });
    expect(await iterator.next()).toEqual({ done: false, value: { n: 1 } });
    expect(supply).toMatchObject({ taken: 1, subscriptions: 1 });
  });

  it("waits for what comes later, and ends with the supply after its last value", async () => {
    const supply = createSupply();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { n } of pull<Value>(supply)) seen.push(n);
    })();
    await Promise.resolve();
    supply.put(1);
    supply.put(2);
    supply.end();
    await reading;
    expect(seen).toEqual([1, 2]);
    expect(supply.open).toBe(0);
  });

  it("ends a pending read on abort, and leaves no listener", async () => {
    const supply = createSupply();
    const controller = new AbortController();
    const { signal } = controller;
    const iterator = pull<Value>(supply, signal)[Symbol.asyncIterator]();
    const pending = iterator.next();
    controller.abort();
    expect(await pending).toEqual({ done: true, value: undefined });
    supply.put(1);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(supply).toMatchObject({ open: 0, taken: 0 });
    expect(listeners(signal)).toBe(0);
  });

  it("gives nothing when it was aborted before it began", async () => {
    const supply = createSupply([{ n: 1 }]);
    const iterator = pull<Value>(supply, AbortSignal.abort())[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(supply).toMatchObject({ taken: 0, subscriptions: 0 });
  });

  it("ends pending reads on return, however many there are", async () => {
    const supply = createSupply();
    const iterator = pull<Value>(supply)[Symbol.asyncIterator]();
    const pending = [iterator.next(), iterator.next()];
    await iterator.return?.();
    expect(await Promise.all(pending)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    expect(supply.open).toBe(0);
  });

  it("holds one listener however many values it gives", async () => {
    const supply = createSupply();
    const controller = new AbortController();
    const { signal } = controller;
    const iterator = pull<Value>(supply, signal)[Symbol.asyncIterator]();
    for (let n = 0; n < 1_000; n += 1) {
      const pending = iterator.next();
      supply.put(n);
      expect(await pending).toEqual({ done: false, value: { n } });
      expect(listeners(signal)).toBe(1);
    }
    controller.abort();
    expect(listeners(signal)).toBe(0);
    expect(supply).toMatchObject({ subscriptions: 1, open: 0 });
  });
});
