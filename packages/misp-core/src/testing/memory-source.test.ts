import { describe, expect, it } from "vitest";
import type { Notification } from "../notification.ts";
import { createMemorySource } from "./memory-source.ts";
import { describeSource } from "./source-contract.ts";

const encoder = new TextEncoder();
const notification = (body: string): Notification => ({
  topic: "misp_json_attribute",
  body: encoder.encode(body),
  observedAtMs: 1,
});

describeSource("the source in memory", async () => {
  const { source, push, report } = createMemorySource();
  return {
    source,
    async send(bodies) {
      push(bodies.map(notification));
    },
    outage: {
      begin: () => report({ state: "disconnected", detail: "in memory" }),
      end() {
        report({ state: "connected", detail: "in memory" });
        report({ state: "gap", cause: "reconnect", detail: "in memory" });
      },
    },
    dispose: async () => source[Symbol.asyncDispose](),
  };
}, ["outage"]);

describe("the source in memory", () => {
  const read = async (source: ReturnType<typeof createMemorySource>["source"], sizes: number[]) => {
    for await (const batch of source.read({ signal: new AbortController().signal })) {
      sizes.push(batch.notifications.length);
      batch.ack();
    }
  };

  it("keeps each push a batch of its own, leaves out empty ones, and ends on demand after what waits", async () => {
    const { source, push, end } = createMemorySource();
    push([notification("1"), notification("2")]);
    push([]);
    push([notification("3")]);
    end();
    const sizes: number[] = [];
    await read(source, sizes);
    expect(sizes).toEqual([2, 1]);
  });

  it("fails on demand after what waits", async () => {
    const { source, push, fail } = createMemorySource();
    push([notification("1")]);
    fail(new Error("on demand"));
    const sizes: number[] = [];
    await expect(read(source, sizes)).rejects.toThrow("on demand");
    expect(sizes).toEqual([1]);
  });

  it("remembers what was acknowledged, in that order and once", async () => {
    const { source, push, acked } = createMemorySource();
    const [first, second] = [notification("1"), notification("2")];
    push([first]);
    push([second]);
    const reading = source.read({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    const batches = [(await reading.next()).value, (await reading.next()).value];
    expect(acked).toEqual([]);
    batches[1]?.ack();
    batches[0]?.ack();
    batches[1]?.ack();
    expect(acked).toEqual([second, first]);
  });
});
