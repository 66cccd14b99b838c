import { describe, expect, it } from "vitest";
import type { StixObject } from "../stix.ts";
import { describeBus } from "./bus-contract.ts";
import { createMemoryBus } from "./memory-bus.ts";

describeBus("the bus in memory", () => {
  const bus = createMemoryBus();
  return {
    bus,
    received: bus.received,
    sight: (sighting) => void bus.deliverSighting(sighting),
    outage: { begin: bus.takeDown, end: bus.bringUp },
    lose: () => bus.lose(new Error("lost")),
    async requestSnapshot(sinceMs) {
      const { objects, ended } = bus.requestSnapshot(sinceMs);
      await ended;
      return objects;
    },
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}, ["outage", "loss", "snapshots"]);

describe("the bus in memory", () => {
  const object: StixObject = { type: "indicator", spec_version: "2.1", id: "indicator--1" };

  it("fails one publish on demand, hands nothing over, and works again", async () => {
    const bus = createMemoryBus();
    bus.failNextPublish(new Error("on demand"));
    await expect(bus.publish([object])).rejects.toThrow("on demand");
    expect(bus.published).toEqual([]);
    await bus.publish([object]);
    expect(bus.published).toEqual([object]);
  });

  it("shows what waits and which sightings were acknowledged", async () => {
    const bus = createMemoryBus();
    bus.takeDown();
    const publishing = bus.publish([object]);
    expect(bus.waiting).toBe(1);
    bus.bringUp();
    await publishing;
    expect(bus.waiting).toBe(0);

    const delivered = bus.deliverSighting({ type: "sighting" });
    const reading = bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    const { value } = await reading.next();
    expect(delivered.acked).toBe(false);
    value?.ack();
    expect(delivered.acked).toBe(true);
    await bus[Symbol.asyncDispose]();
  });

  it("tells who watches of a consumer that fell behind, without going down", async () => {
    const bus = createMemoryBus();
    const states = bus.status()[Symbol.asyncIterator]();
    await states.next();
    bus.reportConsumerBehind("app 1");
    expect((await states.next()).value).toEqual({ state: "consumer-behind", detail: "app 1" });
    await bus.publish([object]);
    expect((await bus.status()[Symbol.asyncIterator]().next()).value).toMatchObject({ state: "up" });
  });
});
