import { createMemoryOutbox } from "@tb/misp-core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { createSightingDelivery, type SightingDeliveryOptions } from "../src/index.ts";
import {
  attributeUuid,
  createReports,
  createTestBus,
  createTestMisp,
  type Deed,
  down,
  forbidden,
  refused,
  sightingUuid,
  stixSighting,
  took,
} from "./helpers.ts";
import { createSimulatedClock } from "./simulated-clock.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A delivery at work between a bus with these sightings and a MISP that does this. */
function setUp(
  sightings: Iterable<unknown>,
  deed: Parameters<typeof createTestMisp>[0]["deed"],
  options: Partial<SightingDeliveryOptions> & { latencyMs?: number } = {},
) {
  const clock = createSimulatedClock();
  const outbox = createMemoryOutbox();
  const misp = createTestMisp({ clock, deed, latencyMs: options.latencyMs ?? 50 });
  const bus = createTestBus(sightings);
  const reports = createReports();
  const delivery = createSightingDelivery({
    outbox,
    send: misp.send,
    index: { attribute: () => ({ eventId: 7 }), complete: () => true },
    report: reports.report,
    clock,
    random: () => 1,
    ...options,
  });
  const stop = new AbortController();
  const deadline = new AbortController();
  const accepted = delivery.accept(bus, { signal: stop.signal });
  const ran = delivery.run({ signal: stop.signal, deadline: deadline.signal });
  stops.push(async () => {
    stop.abort();
    deadline.abort();
    await Promise.allSettled([accepted, ran]);
    expect(clock.timers()).toBe(0);
  });
  const delivered = (count: number) => () => reports.of("delivered").length >= count;
  return { clock, outbox, misp, bus, reports, delivery, stop, deadline, accepted, ran, delivered };
}

const many = (length: number) => Array.from({ length }, (_, number) => stixSighting(number));

it("brings a sighting to MISP, under its own uuid, and forgets it", async () => {
  const { clock, misp, outbox, bus, delivered } = setUp(many(1), () => took);
  await clock.runUntil(delivered(1));
  expect([...misp.stored.values()]).toEqual([
    {
      uuid: sightingUuid(0),
      target: { attributeUuid: attributeUuid(0), eventId: 7 },
      type: 0,
      seenAt: 1_609_556_646,
      source: "threatbus",
    },
  ]);
  expect(outbox.counts()).toEqual({ waiting: 0, dead: 0 });
  expect(bus.acked).toHaveLength(1);
});

it("acknowledges a sighting when it is in the outbox, whatever MISP does, and not before", async () => {
  const outbox = createMemoryOutbox();
  let allow = () => {};
  const gate = new Promise<void>((resolve) => {
    allow = resolve;
  });
  const slow = {
    ...outbox,
    commit: (changes: Parameters<typeof outbox.commit>[0]) => gate.then(() => outbox.commit(changes)),
  };
  const { clock, bus, misp } = setUp(many(1), () => down, { outbox: slow });
  await clock.pass(1000);
  expect(bus.taken()).toBe(1);
  expect(bus.acked).toHaveLength(0);
  expect(misp.tries).toHaveLength(0);
  allow();
  await clock.runUntil(() => bus.acked.length === 1);
  expect(outbox.counts().waiting).toBe(1);
});

it("acknowledges and reports what cannot be read or goes no further", async () => {
  const sightings = [
    { type: "indicator" },
    stixSighting(1, { count: 0 }),
    stixSighting(2, {
      sighting_of_ref: "note--00000000-0000-4000-8000-000000000000",
      x_threatbus_indicator_value: "evil.example",
    }),
  ];
  const { clock, bus, reports, outbox } = setUp(sightings, () => took);
  await clock.runUntil(() => bus.acked.length === 3);
  expect(reports.of("refused").map(({ reason }) => reason)).toEqual(["not_a_sighting"]);
  expect(reports.of("dropped").map(({ reason }) => reason)).toEqual(["not_seen", "by_value_off"]);
  expect(outbox.counts().waiting).toBe(0);
});

it("adds nothing for a sighting that the bus hands over again while it waits", async () => {
  const { clock, reports, misp, delivered } = setUp([...many(1), ...many(1)], () => took);
  await clock.runUntil(delivered(1));
  await clock.pass(10_000);
  expect(misp.tries).toHaveLength(1);
  expect(reports.of("delivered")).toHaveLength(1);
});

it("says how many rows of a sighting it had already", async () => {
  const { clock, bus, delivery, reports, stop } = setUp([stixSighting(0, { count: 2 })], () => down);
  await clock.runUntil(() => bus.acked.length === 1);
  const again = delivery.accept(createTestBus([stixSighting(0, { count: 5 })]), { signal: stop.signal });
  await clock.runUntil(() => reports.of("accepted").length === 2);
  expect(reports.of("accepted")).toEqual([
    { kind: "accepted", rows: 2, known: 0, lost: 0 },
    { kind: "accepted", rows: 5, known: 2, lost: 0 },
  ]);
  stop.abort();
  await again;
});

describe("what failed is tried again", () => {
  it.each([
    ["an answer that proves nothing", { stored: true, answer: { outcome: "retry", detail: "200 with HTML" } }],
    ["a lost connection", { stored: true, answer: new Error("ECONNRESET") }],
    ["no answer at all", { stored: true, answer: undefined }],
    ["an outcome that does not exist", { stored: true, answer: { outcome: "ok" as "delivered", detail: "" } }],
  ] satisfies [string, Deed][])("after %s, and counted once, when it is proven", async (_, first) => {
    const deeds: Deed[] = [first];
    const { clock, reports, misp, delivered } = setUp(many(1), () => deeds.shift() ?? took);
    await clock.runUntil(() => reports.of("failed").length === 1);
    expect(reports.of("delivered")).toHaveLength(0);
    await clock.runUntil(delivered(1));
    expect(misp.tries).toHaveLength(2);
    expect(misp.stored.size).toBe(1);
  });

  it("later each time, up to the longest wait, and never given up while MISP takes nothing else", async () => {
    const { clock, reports, outbox } = setUp(many(1), () => down, { concurrency: 100 });
    const times: number[] = [];
    for (let n = 1; n <= 12; n++) {
      await clock.runUntil(() => reports.of("failed").length === n);
      times.push(clock.now());
    }
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0) - 50);
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000, 60_000]);
    expect(outbox.counts()).toEqual({ waiting: 1, dead: 0 });
  });

  it("not at the same time as others that failed with it", async () => {
    const chances = [0, 0.25, 0.5, 1];
    const { clock, reports, outbox } = setUp(many(4), () => down, {
      random: () => chances.shift() ?? 1,
      concurrency: 100,
    });
    await clock.runUntil(() => reports.of("failed").length >= 4);
    expect(new Set(outbox.earliest(4).map(({ dueAtMs, failedAtMs }) => dueAtMs - failedAtMs)).size).toBe(4);
  });
});

describe("a row that keeps failing while others are delivered", () => {
  const poison = sightingUuid(0);

  it("becomes a dead letter after 8 tries that failed, with what MISP said, and blocks nobody", async () => {
    const { clock, outbox, reports, misp } = setUp(many(10), ({ uuid }) => (uuid === poison ? down : took));
    await clock.runUntil(() => reports.of("dead").length === 1);
    const tries = misp.tries.filter(({ uuid }) => uuid === poison).length;
    expect(tries).toBe(8);
    expect(outbox.deadLetters("", 10)).toMatchObject([{ reason: "keeps_failing", entry: { detail: "HTTP 503" } }]);
    expect(outbox.holds(poison)).toBe("dead");
    expect(reports.states()).not.toContain("paused");
  });

  it("is not taken for one when MISP is down, however long: others fail, too", async () => {
    const state = { up: true };
    const { clock, outbox, reports, delivered } = setUp(many(10), ({ uuid }) =>
      state.up && uuid !== poison ? took : down,
    );
    await clock.runUntil(delivered(3));
    state.up = false;
    await clock.pass(24 * 3_600_000);
    expect(reports.of("failed").length).toBeGreaterThan(1000);
    expect(outbox.counts().dead).toBe(0);
  });

  it("is not taken for one when the clock goes back and MISP is down", async () => {
    const state = { up: true };
    const { clock, outbox, reports, delivered } = setUp(many(10), () => (state.up ? took : down));
    await clock.runUntil(delivered(3));
    state.up = false;
    clock.set(clock.now() - 24 * 3_600_000);
    await clock.pass(12 * 3_600_000);
    expect(reports.of("failed").length).toBeGreaterThan(100);
    expect(outbox.counts().dead).toBe(0);
  });

  it("is not taken for one when MISP goes down right after the last row was delivered", async () => {
    let left = 3;
    const { clock, outbox } = setUp(many(4), () => (left-- > 0 ? took : down));
    await clock.pass(24 * 3_600_000);
    expect(outbox.counts()).toEqual({ waiting: 1, dead: 0 });
  });

  it("does not hold up the others, not even when there are many of it in front", async () => {
    const { clock, reports } = setUp(many(200), (row) => (Number.parseInt(row.uuid.slice(-2), 16) < 40 ? down : took));
    const startMs = clock.now();
    await clock.runUntil(() => reports.of("delivered").length === 160);
    expect(clock.now() - startMs).toBeLessThan(5 * 60_000);
  });
});

it("keeps a refused row as a dead letter, and does not try it again, not even when the bus repeats it", async () => {
  const { clock, outbox, reports, misp } = setUp([...many(1), ...many(1)], () => refused);
  await clock.runUntil(() => reports.of("dead").length === 1);
  await clock.pass(3_600_000);
  expect(misp.tries).toHaveLength(1);
  expect(outbox.deadLetters("", 10)).toMatchObject([{ reason: "refused", entry: { detail: "no such attribute" } }]);
  expect(reports.of("dead")).toMatchObject([{ reason: "refused", kept: true }]);
});

it("keeps no more dead letters than it may, and says so", async () => {
  const { clock, outbox, reports } = setUp(many(5), () => refused, { maxDeadLetters: 2, concurrency: 1 });
  await clock.runUntil(() => reports.of("dead").length === 5);
  expect(reports.of("dead").map(({ kept }) => kept)).toEqual([true, true, false, false, false]);
  expect(outbox.counts()).toEqual({ waiting: 0, dead: 2 });
});

describe("403", () => {
  it("is final: one try, nothing lost, until something changes", async () => {
    let deed = forbidden;
    const { clock, outbox, misp, reports, delivery, delivered } = setUp(many(20), () => deed);
    await clock.runUntil(() => reports.states().includes("forbidden"));
    await clock.pass(7 * 24 * 3_600_000);
    expect(misp.tries).toHaveLength(1);
    expect(outbox.counts()).toEqual({ waiting: 20, dead: 0 });

    delivery.resume();
    await clock.pass(3_600_000);
    expect(misp.tries).toHaveLength(2);
    expect(reports.states().filter((state) => state === "forbidden")).toHaveLength(2);

    deed = took;
    delivery.resume();
    await clock.runUntil(delivered(20));
    expect(misp.stored.size).toBe(20);
  });

  it("in the middle stops everything that has not been sent", async () => {
    let left = 10;
    const { clock, outbox, misp, reports } = setUp(many(100), () => (left-- > 0 ? took : forbidden));
    await clock.runUntil(() => reports.states().includes("forbidden"));
    await clock.pass(3_600_000);
    expect(misp.tries.length).toBeLessThanOrEqual(14);
    expect(outbox.counts()).toEqual({ waiting: 100 - misp.stored.size, dead: 0 });
    expect(reports.of("delivered")).toHaveLength(misp.stored.size);
  });

  it("does not stop reading", async () => {
    const { clock, bus } = setUp(many(3000), () => forbidden);
    await clock.runUntil(() => bus.acked.length === 3000);
  });
});

describe("a time that MISP or a proxy names", () => {
  it("holds everything until then", async () => {
    const clockStart = createSimulatedClock().now();
    const retryAtMs = clockStart + 900_000;
    let first = true;
    const { clock, misp, delivered, reports } = setUp(many(30), () => {
      if (!first) return took;
      first = false;
      return { stored: false, answer: { outcome: "retry", retryAtMs, detail: "HTTP 429" } };
    });
    await clock.runUntil(() => reports.of("failed").length === 1);
    const tries = misp.tries.length;
    await clock.pass(retryAtMs - clock.now() - 1);
    expect(misp.tries).toHaveLength(tries);
    await clock.runUntil(delivered(30), 10_000);
    expect(reports.of("state").find(({ state }) => state === "paused")).toMatchObject({ untilMs: retryAtMs });
  });

  it("is honoured for an hour at most", async () => {
    let first = true;
    const { clock, delivered } = setUp(many(1), () => {
      if (!first) return took;
      first = false;
      return { stored: false, answer: { outcome: "retry", retryAtMs: clock.now() + 1e12, detail: "HTTP 429" } };
    });
    await clock.pass(3_500_000);
    expect(delivered(1)()).toBe(false);
    await clock.runUntil(delivered(1), 200_000);
  });

  it("never costs a row its life", async () => {
    let n = 0;
    const { clock, outbox, reports } = setUp(many(50), (row) => {
      if (row.uuid !== sightingUuid(0) || n++ > 30) return took;
      return { stored: false, answer: { outcome: "retry", retryAtMs: clock.now() + 10, detail: "HTTP 429" } };
    });
    await clock.runUntil(() => reports.of("delivered").length === 50);
    expect(outbox.counts()).toEqual({ waiting: 0, dead: 0 });
  });
});

it("goes on when the clock goes back by a day", async () => {
  let deed = down;
  const { clock, delivered, reports } = setUp(many(10), () => deed);
  await clock.runUntil(() => reports.states().includes("paused"));
  clock.set(clock.now() - 24 * 3_600_000);
  deed = took;
  await clock.runUntil(delivered(10), 10 * 60_000);
});

it("stops with the error when the outbox cannot be written, and acknowledges nothing", async () => {
  const outbox = createMemoryOutbox();
  const broken = { ...outbox, commit: () => Promise.reject(new Error("disk full")) };
  const { bus, accepted } = setUp(many(3), () => took, { outbox: broken });
  await expect(accepted).rejects.toThrow("disk full");
  expect(bus.acked).toHaveLength(0);
});

it("stops sending with the error when an answer cannot be written down, and counts nothing as delivered", async () => {
  const outbox = createMemoryOutbox();
  let commits = 0;
  const commit: typeof outbox.commit = async (changes) => {
    commits += 1;
    if (commits > 1) throw new Error("disk full");
    await outbox.commit(changes);
  };
  const { clock, ran, reports } = setUp(many(1), () => took, { outbox: { ...outbox, commit } });
  const failed = expect(ran).rejects.toThrow("disk full");
  await clock.runUntil(() => commits === 2);
  await failed;
  expect(reports.of("delivered")).toHaveLength(0);
  expect(outbox.counts().waiting).toBe(1);
});

it.each(["maxRows", "concurrency", "sendTimeoutMs", "maxWaiting"])("refuses %s below 1", (name) => {
  expect(() => setUp([], () => took, { [name]: 0 })).toThrow(RangeError);
});

describe("our own sightings on MISP's stream", () => {
  const told = (part: object) => ({
    action: "add" as const,
    uuid: sightingUuid(999),
    attributeUuid: attributeUuid(0),
    value: "Evil.Example|203.0.113.9",
    type: 0 as const,
    seenAt: 1_609_556_646,
    source: "threatbus",
    ...part,
  });

  it("are recognised by their uuid, before and after they are delivered", async () => {
    const { clock, delivery, misp, delivered } = setUp(many(1), () => took);
    await clock.runUntil(() => misp.tries.length === 1);
    expect(delivery.recognise(told({ uuid: sightingUuid(0), source: "x" }))).toBe("uuid");
    await clock.runUntil(delivered(1));
    expect(delivery.recognise(told({ uuid: sightingUuid(0), source: "x" }))).toBe("uuid");
  });

  it("are recognised by the rest when MISP gave them another uuid", async () => {
    const { clock, delivery, delivered } = setUp(many(1), () => took);
    await clock.runUntil(delivered(1));
    expect(delivery.recognise(told({}))).toBe("fields");
    for (const other of [{ attributeUuid: attributeUuid(1) }, { type: 1 as const }, { seenAt: 5 }, { source: "x" }]) {
      expect(delivery.recognise(told(other))).toBeUndefined();
    }
  });

  it("are recognised by one half of the value when they were sent by value", async () => {
    const lost = stixSighting(0, {
      sighting_of_ref: "note--00000000-0000-4000-8000-000000000000",
      x_threatbus_indicator_value: "evil.EXAMPLE",
    });
    const { clock, delivery, delivered } = setUp([lost], () => took, { byValue: true });
    await clock.runUntil(delivered(1));
    expect(delivery.recognise(told({}))).toBe("fields");
    expect(delivery.recognise(told({ value: "other.example" }))).toBeUndefined();
  });

  it("prove nothing: the row is sent until MISP's answer proves it", async () => {
    let deed: Deed = { stored: true, answer: { outcome: "retry", detail: "HTTP 500" } };
    const { clock, delivery, reports, delivered } = setUp(many(1), () => deed);
    await clock.runUntil(() => reports.of("failed").length === 1);
    expect(delivery.recognise(told({ uuid: sightingUuid(0) }))).toBe("uuid");
    expect(reports.of("delivered")).toHaveLength(0);
    deed = took;
    await clock.runUntil(delivered(1));
  });
});
