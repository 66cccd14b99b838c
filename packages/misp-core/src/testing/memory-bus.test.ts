import { expect, it } from "vitest";
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

it("the bus in memory shows which sightings were acknowledged", async () => {
  const bus = createMemoryBus();
  const delivered = bus.deliverSighting({ type: "sighting" });
  const reading = bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
  const { value } = await reading.next();
  expect(delivered.acked).toBe(false);
  value?.ack();
  expect(delivered.acked).toBe(true);
  await bus[Symbol.asyncDispose]();
});
