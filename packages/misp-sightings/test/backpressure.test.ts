import { createMemoryOutbox } from "@tb/misp-core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { createSightingDelivery, type SightingDeliveryOptions } from "../src/index.ts";
import {
  createReports,
  createTestBus,
  createTestMisp,
  type Deed,
  down,
  stixSighting,
  took,
  withSlowCommits,
} from "./helpers.ts";
import { createSimulatedClock } from "./simulated-clock.ts";

const hourMs = 3_600_000;
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function setUp(sightings: Iterable<unknown>, deed: () => Deed, options: Partial<SightingDeliveryOptions> = {}) {
  const clock = createSimulatedClock();
  const outbox = withSlowCommits(createMemoryOutbox(), clock, 2);
  let largestCommit = 0;
  const commit: typeof outbox.commit = async (changes) => {
    largestCommit = Math.max(largestCommit, changes.put?.length ?? 0);
    await outbox.commit(changes);
  };
  const misp = createTestMisp({ clock, deed });
  const reports = createReports();
  const bus = createTestBus(sightings);
  // The same numbers every time, and not the same number all the time.
  let chance = 0;
  const delivery = createSightingDelivery({
    outbox: { ...outbox, commit },
    send: misp.send,
    index: { attribute: () => ({ eventId: 1 }), complete: () => true },
    report: reports.report,
    clock,
    random: () => {
      chance = (chance + 0.618) % 1;
      return chance;
    },
    ...options,
  });
  const stop = new AbortController();
  const all = [
    delivery.accept(bus, { signal: stop.signal }),
    delivery.run({ signal: stop.signal, deadline: stop.signal }),
  ];
  stops.push(async () => {
    stop.abort();
    await Promise.all(all);
  });
  return { clock, outbox, misp, reports, bus, largestCommit: () => largestCommit };
}

const many = (length: number) => Array.from({ length }, (_, number) => stixSighting(number));

describe("10,000 sightings while MISP is down for an hour", () => {
  it("are safe at once, share commits, cost few tries, and are all delivered within 10 minutes after", async () => {
    let deed = down;
    const { clock, outbox, misp, reports, bus, largestCommit } = setUp(many(10_000), () => deed);
    await clock.runUntil(() => bus.acked.length === 10_000, 1000);
    expect(outbox.counts().waiting).toBe(10_000);
    expect(largestCommit()).toBeLessThanOrEqual(1_000);
    expect(largestCommit()).toBeGreaterThan(100);

    await clock.pass(hourMs);
    // A probe of four rows a minute, not 10,000 tries.
    expect(misp.tries.length).toBeLessThan(500);

    deed = took;
    await clock.runUntil(() => reports.of("delivered").length === 10_000, 10 * 60_000);
    expect(misp.stored.size).toBe(10_000);
    expect(outbox.counts()).toEqual({ waiting: 0, dead: 0 });
    expect(misp.atOnce()).toBe(4);
  });

  it("arrive steadily and are all delivered within 10 minutes after", async () => {
    let deed = down;
    const { clock, reports } = setUp(many(2_000), () => deed, { maxWaiting: 500 });
    await clock.pass(hourMs);
    expect(reports.states()).toContain("full");
    deed = took;
    await clock.runUntil(() => reports.of("delivered").length === 2_000, 10 * 60_000);
  });
});

describe("an outbox that is full", () => {
  it("stops reading from the bus, and goes on when rows have left it", async () => {
    let deed = down;
    const { clock, outbox, bus, reports } = setUp(many(1_000), () => deed, { maxWaiting: 100 });
    await clock.pass(60_000);
    expect(bus.taken()).toBe(100);
    expect(bus.acked).toHaveLength(100);
    expect(outbox.counts().waiting).toBe(100);
    const full = reports.of("state").filter(({ state }) => state === "full");
    expect(full.map(({ detail }) => detail)).toEqual(["100 rows wait for MISP: no more sightings are read"]);

    deed = took;
    await clock.runUntil(() => reports.of("delivered").length === 1_000);
    expect(reports.states()).toContain("reading");
  });

  it("takes a sighting with many rows whole", async () => {
    const sightings = [stixSighting(1, { count: 50 }), stixSighting(2, { count: 50 })];
    const { clock, outbox, bus } = setUp(sightings, () => down, { maxWaiting: 10 });
    await clock.pass(60_000);
    expect(bus.acked).toHaveLength(1);
    expect(outbox.counts().waiting).toBe(50);
  });
});
