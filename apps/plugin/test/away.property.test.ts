import type { SnapshotRequest, StixObject, StoreView } from "@tb/misp-core";
import { propertyRuns } from "@tb/misp-core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serveSnapshots } from "../src/snapshot.ts";
import { createHolder } from "./consumers.ts";
import { describeDifferences, expectedIndicators } from "./expected.ts";
import { createWorld, type Transport, transports } from "./world.ts";
import { takeStep, worldSteps } from "./world-steps.ts";

const day = 24 * 3_600_000;
const step = fc.oneof(
  ...worldSteps,
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("leave" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("come" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What the program sends an app that comes and asks for everything. */
async function snapshot(store: StoreView, now: number, send: (chunk: readonly StixObject[]) => void): Promise<void> {
  const request: SnapshotRequest = { sinceMs: day, send: async (chunk) => send(chunk), end: async () => undefined };
  async function* requests() {
    yield request;
  }
  await serveSnapshots(store, { snapshotRequests: requests }, { signal: new AbortController().signal, now: () => now });
}

async function holdsWhatMispHolds(transport: Transport, steps: readonly Step[]) {
  /** It keeps what it holds while it is away. */
  const app = { here: true, ...createHolder() };
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
    if (s.kind === "leave") app.here = false;
    else if (s.kind === "come") await come();
    else await takeStep(world, s);
  }
  await come();
  await world.finish();

  const expected = expectedIndicators(world.model, undefined);
  expect(describeDifferences(app.byId, app.byPattern, expected)).toEqual([]);
}

describe("an app that leaves and comes back with a snapshot holds what MISP holds, by id and by value", () => {
  for (const transport of transports) {
    it(`over ${transport}, whatever analysts do meanwhile`, async () => {
      const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 80, size: "max" }), (steps) =>
        holdsWhatMispHolds(transport, steps),
      );
      await fc.assert(property, { numRuns: propertyRuns / 10 });
    }, 1_200_000);
  }
});
