import type { Notification } from "@tb/misp-core";
import { createMemorySource } from "@tb/misp-core/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runTap, type TapOptions } from "./run-tap.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const notification = (topic: string, body = "{}"): Notification => ({
  topic,
  body: new TextEncoder().encode(body),
  observedAtMs: 0,
});

function start(part: Partial<TapOptions> = {}) {
  const memory = createMemorySource();
  const controller = new AbortController();
  const written: string[] = [];
  const said: string[] = [];
  const summary = runTap({
    source: memory.source,
    kind: "zmq",
    signal: controller.signal,
    format: ({ topic }) => topic,
    write: async (text) => void written.push(text),
    say: (text) => void said.push(text),
    lifeTopic: "life",
    count: Number.POSITIVE_INFINITY,
    quietAfterMs: 15_000,
    ...part,
  });
  return { memory, controller, written, said, summary };
}
const settle = () => vi.advanceTimersByTimeAsync(1);

describe("runTap", () => {
  it("shows each notification, and sums up by topic", async () => {
    const { memory, controller, written, said, summary } = start();
    memory.push([notification("a", "[1]"), notification("b")]);
    memory.push([notification("b")]);
    await settle();
    controller.abort();
    expect(await summary).toEqual({
      notifications: 3,
      bytes: 7,
      topics: [
        ["b", 2],
        ["a", 1],
      ],
    });
    expect(written.join("")).toBe("a\nb\nb\n");
    expect(said).toEqual(["connected: in memory; waiting for notifications"]);
  });

  it("acknowledges nothing", async () => {
    const { memory, controller, written, summary } = start();
    memory.push([notification("a")]);
    await settle();
    controller.abort();
    await summary;
    expect(written).toEqual(["a\n"]);
    expect(memory.acked).toEqual([]);
  });

  it("ends after so many, also within a batch", async () => {
    const { memory, written, summary } = start({ count: 2 });
    memory.push([notification("life"), notification("a"), notification("b"), notification("c")]);
    expect(await summary).toMatchObject({ notifications: 2 });
    expect(written.join("")).toBe("a\nb\n");
  });

  it("waits for who reads its output, and does not gather what comes meanwhile", async () => {
    const releases: (() => void)[] = [];
    const { memory, controller, summary } = start({
      format: () => "x".repeat(300 * 1024),
      write: () => new Promise<void>((resolve) => releases.push(resolve)),
    });
    memory.push(Array.from({ length: 5 }, () => notification("a")));
    await settle();
    expect(releases).toHaveLength(1);
    releases[0]?.();
    await settle();
    expect(releases).toHaveLength(2);
    controller.abort();
    releases[1]?.();
    expect(await summary).toMatchObject({ notifications: 2 });
  });

  it("says what to check when nothing arrives, once", async () => {
    const { controller, said, summary } = start();
    await vi.advanceTimersByTimeAsync(14_000);
    expect(said).toEqual(["connected: in memory; waiting for notifications"]);
    await vi.advanceTimersByTimeAsync(2_000);
    const text = said.slice(1).join("\n");
    expect(text).toContain("connected, and nothing has arrived for 15 s, not even the publisher's own sign of life");
    expect(text).toContain("Plugin.ZeroMQ_attribute_notifications_enable");
    expect(text).toContain("redis-py 7");
    const before = said.length;
    await vi.advanceTimersByTimeAsync(100_000);
    expect(said).toHaveLength(before);
    controller.abort();
    await summary;
  });

  it("tells a publisher that is alive and silent from one that says nothing at all, and does not show its signs of life", async () => {
    const { memory, controller, written, said, summary } = start();
    memory.push([notification("life")]);
    await vi.advanceTimersByTimeAsync(16_000);
    expect(said[1]).toContain("MISP's publisher says that it is alive, but it has published nothing for 15 s");
    expect(said.join("\n")).not.toContain("redis");
    controller.abort();
    expect(await summary).toEqual({ notifications: 0, bytes: 0, topics: [] });
    expect(written).toEqual([]);
  });

  it("says nothing of that once something has arrived", async () => {
    const { memory, controller, said, summary } = start();
    memory.push([notification("a")]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said).toEqual(["connected: in memory; waiting for notifications"]);
    controller.abort();
    await summary;
  });

  it("says what keeps it from connecting, and starts to wait anew once connected", async () => {
    const { memory, controller, said, summary } = start();
    memory.report({ state: "handshake-failed", detail: "the password is wrong" });
    memory.report({ state: "handshake-failed", detail: "the password is wrong" });
    await vi.advanceTimersByTimeAsync(16_000);
    expect(said.filter((text) => text === "handshake failed: the password is wrong")).toHaveLength(1);
    expect(said.join("\n")).toContain("not connected for 15 s");
    expect(said.join("\n")).toContain("127.0.0.1 by default");
    memory.report({ state: "connected", detail: "again" });
    await vi.advanceTimersByTimeAsync(14_000);
    expect(said.at(-1)).toBe("connected: again; waiting for notifications");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(said.join("\n")).toContain("connected, and nothing has arrived");
    controller.abort();
    await summary;
  });

  it("says what does not come, and what may have been lost", async () => {
    const { memory, controller, said, summary } = start({ kind: "kafka" });
    memory.report({ state: "partial", detail: "topic misp_tag does not exist" });
    memory.report({ state: "gap", cause: "overflow", lost: 7, detail: "messages found no room" });
    memory.report({ state: "gap", cause: "reconnect", detail: "messages are lost" });
    await vi.advanceTimersByTimeAsync(16_000);
    expect(said.slice(1, 4)).toEqual([
      "connected, but not all of it comes: topic misp_tag does not exist",
      "possible gap: 7 messages found no room",
      "possible gap: messages are lost",
    ]);
    // A part that does not come is no lost connection.
    expect(said[4]).toContain("connected, and nothing has arrived for 15 s");
    controller.abort();
    await summary;
  });

  it("says for Kafka what MISP's Kafka export needs", async () => {
    const { controller, said, summary } = start({ kind: "kafka" });
    await vi.advanceTimersByTimeAsync(16_000);
    expect(said.join("\n")).toContain("Plugin.Kafka_enable");
    expect(said.join("\n")).not.toContain("ZeroMQ");
    controller.abort();
    await summary;
  });

  it("leaves no timer behind", async () => {
    const { controller, summary } = start();
    controller.abort();
    await summary;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends with the source's own failure", async () => {
    const { memory, summary } = start();
    memory.fail(new Error("gone"));
    await expect(summary).rejects.toThrow("gone");
  });
});
