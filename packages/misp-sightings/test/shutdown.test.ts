import { createMemoryOutbox } from "@tb/misp-core/testing";
import { expect, it } from "vitest";
import { createSightingDelivery } from "../src/index.ts";
import {
  createReports,
  createTestBus,
  createTestMisp,
  type Deed,
  down,
  forbidden,
  stixSighting,
  took,
  withSlowCommits,
} from "./helpers.ts";
import { createSimulatedClock } from "./simulated-clock.ts";

function setUp(sightings: number, deed: () => Deed) {
  const clock = createSimulatedClock();
  const outbox = withSlowCommits(createMemoryOutbox(), clock, 2);
  const misp = createTestMisp({ clock, deed });
  const reports = createReports();
  const bus = createTestBus(Array.from({ length: sightings }, (_, number) => stixSighting(number)));
  const delivery = createSightingDelivery({
    outbox,
    send: misp.send,
    index: { attribute: () => undefined, complete: () => false },
    report: reports.report,
    clock,
  });
  const stop = new AbortController();
  const deadline = new AbortController();
  let ended = 0;
  const done = Promise.all([
    delivery.accept(bus, { signal: stop.signal }),
    delivery.run({ signal: stop.signal, deadline: deadline.signal }),
  ]).then(() => {
    ended = clock.now();
  });
  /** Both have come to their end; says when. */
  const end = async () => {
    await clock.runUntil(() => ended > 0);
    await done;
    return ended;
  };
  return { clock, outbox, misp, reports, bus, stop, deadline, end, ended: () => ended };
}

it("sends what is due before it leaves", async () => {
  const { clock, outbox, bus, stop, end, reports } = setUp(40, () => took);
  await clock.runUntil(() => bus.acked.length === 40);
  stop.abort();
  await end();
  expect(outbox.counts().waiting).toBe(0);
  expect(reports.of("delivered")).toHaveLength(40);
  expect(clock.timers()).toBe(0);
});

it("leaves at the deadline, keeps what is left, and counts no answer that comes later", async () => {
  const { clock, outbox, misp, stop, deadline, end, ended, reports } = setUp(1000, () => took);
  await clock.runUntil(() => reports.of("delivered").length >= 50);
  stop.abort();
  await clock.pass(1000);
  expect(ended()).toBe(0);
  deadline.abort();
  await end();
  const delivered = reports.of("delivered").length;
  expect(delivered).toBeGreaterThan(100);
  expect(outbox.counts().waiting).toBe(1000 - delivered);
  const tries = misp.tries.length;
  expect(clock.timers()).toBe(0);
  await clock.pass(3_600_000);
  expect(misp.tries).toHaveLength(tries);
  expect(reports.of("delivered")).toHaveLength(delivered);
  expect(reports.of("state").at(-1)).toMatchObject({ state: "stopped", waiting: 1000 - delivered });
});

it("leaves at the deadline also when a call to MISP takes no notice of it", async () => {
  const { clock, outbox, stop, deadline, end } = setUp(1, () => ({ stored: false, answer: undefined }));
  await clock.runUntil(() => outbox.counts().waiting === 1);
  stop.abort();
  await clock.pass(1000);
  deadline.abort();
  await end();
  expect(outbox.counts().waiting).toBe(1);
});

it.each([
  ["MISP is down", down],
  ["MISP refuses the key", forbidden],
])("does not wait when %s: what is left is sent after the next start", async (_, deed) => {
  const { clock, outbox, stop, end, reports } = setUp(20, () => deed);
  await clock.runUntil(() => reports.states().some((state) => state === "paused" || state === "forbidden"));
  await clock.pass(100);
  const stopMs = clock.now();
  stop.abort();
  expect(await end()).toBe(stopMs);
  expect(outbox.counts()).toEqual({ waiting: 20, dead: 0 });
});

it("reads nothing more once it stops", async () => {
  const { clock, bus, stop, end, outbox, reports } = setUp(10_000, () => took);
  await clock.runUntil(() => bus.acked.length > 100);
  stop.abort();
  const taken = bus.taken();
  await end();
  expect(bus.taken()).toBe(taken);
  expect(bus.acked).toHaveLength(taken);
  expect(outbox.counts().waiting + reports.of("delivered").length).toBe(taken);
});

it("runs to the end when it is told to stop before it starts", async () => {
  const { outbox, end, stop, bus } = setUp(5, () => took);
  stop.abort();
  await end();
  expect(outbox.counts().waiting).toBe(bus.acked.length);
});
