import type { SnapshotRequest, StixObject, StoreView } from "@tb/misp-core";
import { propertyRuns } from "@tb/misp-core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serveSnapshots } from "../src/snapshot.ts";
import { expectedIndicators } from "./expected.ts";
import { createWorld, type Transport } from "./world.ts";

const day = 24 * 3_600_000;
const seed = fc.nat({ max: 0xffff_ffff });
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("act" as const), seed }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("deliver" as const), count: fc.integer({ min: 1, max: 12 }), seed }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("leave" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("come" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("bus" as const), up: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("kill" as const),
      point: fc.constantFrom("idle", "before-commit", "before-ack", "during-publish", "before-confirm"),
      seed,
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** An app that keeps what it holds while it is away, by STIX id and by pattern. */
function createApp() {
  const byId = new Map<string, unknown>();
  const byPattern = new Set<unknown>();
  return {
    here: true,
    byId,
    byPattern,
    receive(objects: readonly StixObject[]) {
      for (const { id, pattern, x_threatbus_update: update } of objects) {
        if (update === "REMOVE") {
          byId.delete(id);
          byPattern.delete(pattern);
        } else {
          byId.set(id, pattern);
          byPattern.add(pattern);
        }
      }
    },
  };
}

/** What the program sends an app that comes and asks for everything. */
async function snapshot(store: StoreView, now: number, send: (chunk: readonly StixObject[]) => void): Promise<void> {
  const request: SnapshotRequest = { sinceMs: day, send: async (chunk) => send(chunk), end: async () => undefined };
  async function* requests() {
    yield request;
  }
  await serveSnapshots(store, { snapshotRequests: requests }, { signal: new AbortController().signal, now: () => now });
}

async function holdsWhatMispHolds(transport: Transport, steps: readonly Step[]) {
  const app = createApp();
  const world = createWorld({
    transport,
    onObjects: (objects) => {
      if (app.here) app.receive(objects);
    },
  });
  const come = async () => {
    if (app.here) return;
    // It is subscribed before the first object of its snapshot, as on the bus.
    app.here = true;
    await snapshot(world.store, world.now(), (chunk) => app.receive(chunk));
  };
  for (const s of steps) {
    if (s.kind === "act") world.act(s.seed);
    else if (s.kind === "deliver") await world.deliver(s.count, s.seed);
    else if (s.kind === "leave") app.here = false;
    else if (s.kind === "come") await come();
    else if (s.kind === "bus") world.setBus(s.up);
    else await world.kill(s.point, s.seed);
  }
  await come();
  await world.finish();

  const expected = expectedIndicators(world.model, undefined);
  const patterns = [...expected].map(([id, { pattern }]): [string, unknown] => [id, pattern]);
  expect(Object.fromEntries(app.byId)).toEqual(Object.fromEntries(patterns));
  expect([...app.byPattern].sort()).toEqual([...new Set(patterns.map(([, pattern]) => pattern))].sort());
}

describe("an app that leaves and comes back with a snapshot holds what MISP holds, by id and by value", () => {
  for (const transport of ["zmq", "kafka"] as const) {
    it(`over ${transport}, whatever analysts do meanwhile`, async () => {
      const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 80, size: "max" }), (steps) =>
        holdsWhatMispHolds(transport, steps),
      );
      await fc.assert(property, { numRuns: propertyRuns / 10 });
    }, 1_200_000);
  }
});
