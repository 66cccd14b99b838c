import { createMemoryOutbox } from "@tb/misp-core/testing";
import { afterEach, expect, it } from "vitest";
import { createSightingDelivery } from "../src/index.ts";
import { attributeUuid, createReports, createTestMisp, type Deed, down, stixSighting, took } from "./helpers.ts";
import { createSimulatedClock } from "./simulated-clock.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function setUp(deed: () => Deed, throttleMs = 60_000) {
  const clock = createSimulatedClock();
  const outbox = createMemoryOutbox();
  const misp = createTestMisp({ clock, deed });
  const reports = createReports();
  const delivery = createSightingDelivery({
    outbox,
    send: misp.send,
    index: { attribute: () => ({ eventId: 1 }), complete: () => true },
    report: reports.report,
    clock,
    throttleMs,
    maxRows: 1_000,
  });
  const stop = new AbortController();
  const ran = delivery.run({ signal: stop.signal, deadline: stop.signal });
  let number = 0;
  stops.push(async () => {
    stop.abort();
    await ran;
  });
  /** What a tool reports now. */
  const report = async (attribute: number, part: Record<string, unknown> = {}) => {
    const sighting = stixSighting(number++, { sighting_of_ref: `indicator--${attributeUuid(attribute)}`, ...part });
    const once = {
      async *sightings() {
        yield { sighting, ack: () => {} };
      },
    };
    await delivery.accept(once, { signal: stop.signal });
  };
  const sources = () => [...misp.stored.values()].map(({ source }) => source);
  return { clock, outbox, misp, reports, report, sources };
}

it("sends one row per attribute in its time, and the next one says how many there were", async () => {
  const { clock, misp, report, sources } = setUp(() => took);
  await report(0);
  await clock.pass(1_000);
  for (let n = 0; n < 5; n++) await report(0);
  await clock.pass(50_000);
  expect(sources()).toEqual(["threatbus"]);
  await clock.pass(10_000);
  expect(sources()).toEqual(["threatbus", "threatbus (5 sightings)"]);
  await clock.pass(3_600_000);
  expect(misp.tries).toHaveLength(2);
});

it("leaves attributes and kinds apart", async () => {
  const { clock, misp, report } = setUp(() => took);
  await report(0);
  await report(1);
  await report(0, { x_misp_sighting_type: "false-positive" });
  await clock.pass(1_000);
  expect(misp.stored.size).toBe(3);
});

it("keeps the latest time that something was seen", async () => {
  const { clock, misp, report } = setUp(() => took);
  await report(0);
  await clock.pass(1_000);
  await report(0, { last_seen: "2021-01-02T00:00:10Z" });
  await report(0, { last_seen: "2021-01-02T00:00:20Z" });
  await report(0, { last_seen: "2021-01-02T00:00:15Z" });
  await clock.pass(60_000);
  expect([...misp.stored.values()].at(-1)?.seenAt).toBe(Date.UTC(2021, 0, 2, 0, 0, 20) / 1000);
});

it("puts thousands of sightings of one attribute into few rows, and loses none of them", async () => {
  const { clock, outbox, misp, report, reports } = setUp(() => took);
  for (let n = 0; n < 5; n++) await report(0, { count: 1_000 });
  await clock.pass(10 * 60_000);
  expect(outbox.counts().waiting).toBe(0);
  expect(misp.stored.size).toBeLessThan(5);
  expect(reports.of("delivered").reduce((sum, { sightings }) => sum + sightings, 0)).toBe(5_000);
});

it("holds as few rows while MISP is down", async () => {
  let deed = down;
  const { clock, outbox, reports, report } = setUp(() => deed);
  for (let minute = 0; minute < 120; minute++) {
    for (let n = 0; n < 20; n++) await report(0);
    await clock.pass(60_000);
  }
  expect(outbox.counts().waiting).toBeLessThan(200);
  deed = took;
  await clock.runUntil(() => outbox.counts().waiting === 0);
  expect(reports.of("delivered").reduce((sum, { sightings }) => sum + sightings, 0)).toBe(2_400);
});

it("does not count a row again that MISP may know from a try whose answer was lost", async () => {
  const lost: Deed = { stored: true, answer: { outcome: "retry", detail: "HTTP 502" } };
  const deeds = [lost];
  const { clock, outbox, misp, report, reports, sources } = setUp(() => deeds.shift() ?? took);
  await report(0);
  await clock.runUntil(() => reports.of("failed").length === 1);
  await report(0);
  await report(0);
  await clock.runUntil(() => outbox.counts().waiting === 0);
  expect(sources()).toEqual(["threatbus", "threatbus (2 sightings)"]);
  expect(misp.stored.size).toBe(2);
});

it("does not wait for a time from before the clock went back", async () => {
  const { clock, misp, report } = setUp(() => took);
  await report(0);
  await clock.pass(1_000);
  clock.set(clock.now() - 24 * 3_600_000);
  await report(0);
  await clock.pass(120_000);
  expect(misp.stored.size).toBe(2);
});

it("is off when it is not asked for", async () => {
  const { clock, report, sources } = setUp(() => took, 0);
  for (let n = 0; n < 5; n++) await report(0);
  await clock.pass(1_000);
  expect(sources()).toEqual(Array(5).fill("threatbus"));
});
