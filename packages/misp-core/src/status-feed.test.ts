import { describe, expect, it } from "vitest";
import type { SourceStatus } from "./contracts.ts";
import { createStatusFeed } from "./status-feed.ts";

const connected = (detail: string): SourceStatus => ({ state: "connected", detail });
const disconnected = (detail: string): SourceStatus => ({ state: "disconnected", detail });
const overflowGap = (lost: number): SourceStatus => ({ state: "gap", cause: "overflow", lost, detail: "full" });
const reconnectGap: SourceStatus = { state: "gap", cause: "reconnect", detail: "misp" };
const closed: SourceStatus = { state: "closed", detail: "" };

async function collect(statuses: AsyncIterable<SourceStatus>): Promise<readonly SourceStatus[]> {
  const seen: SourceStatus[] = [];
  for await (const status of statuses) seen.push(status);
  return seen;
}

/** A reader that has seen the present state and then looks away until the end. */
async function slowReader(feed: ReturnType<typeof createStatusFeed>) {
  const reader = feed.read()[Symbol.asyncIterator]();
  await reader.next();
  return async () => {
    const seen: SourceStatus[] = [];
    for (let next = await reader.next(); !next.done; next = await reader.next()) seen.push(next.value);
    return seen;
  };
}

describe("a status feed", () => {
  it("begins with the present state, which a gap is not", async () => {
    const feed = createStatusFeed(disconnected("first"));
    feed.tell(connected("second"));
    feed.tell(reconnectGap);
    const reader = feed.read()[Symbol.asyncIterator]();
    expect((await reader.next()).value).toEqual(connected("second"));
  });

  it("keeps for a slow reader what has changed, and of repetitions the last", async () => {
    const feed = createStatusFeed(connected("misp"));
    const rest = await slowReader(feed);
    for (const detail of ["1", "2", "3"]) feed.tell(disconnected(detail));
    feed.tell(connected("misp"));
    feed.end(closed);
    expect(await rest()).toEqual([disconnected("3"), connected("misp"), closed]);
  });

  it("sums up the gaps that a slow reader has not seen", async () => {
    const feed = createStatusFeed(connected("misp"));
    const rest = await slowReader(feed);
    for (const lost of [1, 20, 300]) {
      feed.tell(overflowGap(lost));
      feed.tell(reconnectGap);
    }
    feed.end(closed);
    expect(await rest()).toEqual([overflowGap(321), reconnectGap, closed]);
  });

  it("holds little for a reader that never comes back, and no gap of it is forgotten", async () => {
    const feed = createStatusFeed(connected("misp"));
    const rest = await slowReader(feed);
    feed.tell(overflowGap(7));
    for (let i = 0; i < 100_000; i++) feed.tell(i % 2 === 0 ? disconnected(String(i)) : connected(String(i)));
    feed.end(closed);
    const seen = await rest();
    expect(seen.length).toBeLessThanOrEqual(100);
    expect(seen).toContainEqual(overflowGap(7));
    expect(seen.slice(-2)).toEqual([connected("99999"), closed]);
  });

  it("keeps a gap that nobody heard of for the next reader, once", async () => {
    const feed = createStatusFeed(connected("misp"));
    for (const lost of [1, 20]) feed.tell(overflowGap(lost));
    const [first, second] = [feed.read(), feed.read()].map(collect);
    await Promise.resolve();
    feed.end(closed);
    expect(await first).toEqual([connected("misp"), overflowGap(21), closed]);
    expect(await second).toEqual([connected("misp"), closed]);
  });

  it("ends for a reader that returns, also while it waits", async () => {
    const feed = createStatusFeed(connected("misp"));
    const reader = feed.read()[Symbol.asyncIterator]();
    await reader.next();
    const pending = reader.next();
    await reader.return?.();
    expect((await pending).done).toBe(true);
    expect((await reader.next()).done).toBe(true);
  });

  it("begins for a reader when it asks, not when it first looks", async () => {
    const feed = createStatusFeed(connected("misp"));
    const reading = feed.read();
    feed.tell(disconnected("gone"));
    feed.tell(connected("back"));
    feed.end(closed);
    expect(await collect(reading)).toEqual([connected("misp"), disconnected("gone"), connected("back"), closed]);
  });

  it("says nothing after its end", async () => {
    const feed = createStatusFeed(connected("misp"));
    feed.end(closed);
    feed.tell(connected("misp"));
    feed.end(disconnected("misp"));
    expect(await collect(feed.read())).toEqual([closed]);
  });
});
