import type { BusStatus } from "@tb/misp-core";
import { describe, expect, it } from "vitest";
import { createBusStatusFeed } from "./status-feed.ts";

const status = (state: BusStatus["state"], detail = ""): BusStatus => ({ state, detail });

async function rest(reading: AsyncIterable<BusStatus>): Promise<BusStatus[]> {
  const seen: BusStatus[] = [];
  for await (const one of reading) seen.push(one);
  return seen;
}

describe("a status feed", () => {
  it("begins with the present state for each reader, and tells changes only", async () => {
    const feed = createBusStatusFeed(status("down", "first"));
    const early = feed.read();
    feed.tell(status("down", "second"));
    const late = feed.read();
    feed.tell(status("up"));
    feed.end(status("down", "end"));
    expect((await rest(early)).map(({ detail }) => detail)).toEqual(["first", "", "end"]);
    expect((await rest(late)).map(({ detail }) => detail)).toEqual(["first", "", "end"]);
    expect(await rest(feed.read())).toEqual([status("down", "end")]);
  });

  it("tells each consumer that is behind, and begins with none of them", async () => {
    const feed = createBusStatusFeed(status("up"));
    const early = feed.read();
    feed.tell(status("consumer-behind", "1"));
    feed.tell(status("consumer-behind", "2"));
    const late = feed.read();
    feed.end(status("down"));
    expect((await rest(early)).map(({ state }) => state)).toEqual(["up", "consumer-behind", "consumer-behind", "down"]);
    expect((await rest(late)).map(({ state }) => state)).toEqual(["up", "down"]);
  });

  it("keeps the latest for a reader that does not read", async () => {
    const feed = createBusStatusFeed(status("up"));
    const reading = feed.read();
    for (let n = 0; n < 500; n += 1) feed.tell(status("consumer-behind", String(n)));
    feed.end(status("down"));
    const seen = await rest(reading);
    expect(seen).toHaveLength(100);
    expect(seen.at(-1)).toEqual(status("down"));
  });
});
