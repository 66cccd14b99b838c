import type { SightingRow } from "@tb/misp-core";
import { createMemoryOutbox } from "@tb/misp-core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMispSender, createSightingDelivery, type SendAnswer, type SightingsApi } from "../src/index.ts";
import { attributeUuid, createReports, createTestBus, sightingUuid, stixSighting } from "./helpers.ts";
import { createSimulatedClock } from "./simulated-clock.ts";

type Trap =
  /** 500 for the whole batch. */
  | "stumbles"
  /** The whole batch is dropped, with the answer that also means "all known". */
  | "drops"
  /** Left out without a word; the rest is saved. */
  | "unknown attribute"
  /** The uuid is known, as a sighting that the key does not see. */
  | "foreign"
  /** Known from a try whose answer was lost. */
  | "known";

class ApiError extends Error {
  readonly code: string;
  readonly retryAtMs?: number;
  constructor(code: string, retryAtMs?: number) {
    super(`POST /sightings: it failed (${code})`);
    this.code = code;
    if (retryAtMs !== undefined) this.retryAtMs = retryAtMs;
  }
}

/** `bulkSaveSightings` with the traps that were recorded. */
function createApi(traps: ReadonlyMap<string, Trap> = new Map(), pause: () => Promise<void> = async () => {}) {
  const stored = new Map<string, { attributeUuid: string; timestamp: number }>();
  const calls: { readonly kind: "bulk" | "add" | "find"; readonly rows: number; readonly eventId?: number }[] = [];
  const state = { failure: undefined as Error | undefined, atOnce: 0, most: 0, sameEvent: new Set<number>() };
  const request = async () => {
    state.atOnce += 1;
    state.most = Math.max(state.most, state.atOnce);
    await pause();
    state.atOnce -= 1;
    if (state.failure !== undefined) throw state.failure;
  };
  const api: SightingsApi = {
    async addSightings(eventId, items) {
      calls.push({ kind: "bulk", rows: items.length, eventId });
      if (state.sameEvent.has(eventId)) throw new Error("two batches of one event at the same time");
      state.sameEvent.add(eventId);
      try {
        await request();
      } finally {
        state.sameEvent.delete(eventId);
      }
      const is = (trap: Trap) => items.some(({ uuid }) => traps.get(uuid) === trap);
      if (is("stumbles")) throw new ApiError("server-error");
      if (is("drops")) return { ok: true, added: 0, proven: false };
      let added = 0;
      for (const { uuid, attributeUuid, timestamp } of items) {
        const trap = traps.get(uuid);
        if (stored.has(uuid) || trap === "unknown attribute" || trap === "foreign") continue;
        stored.set(uuid, { attributeUuid, timestamp });
        added += 1;
      }
      return { ok: true, added, proven: added === items.length };
    },
    async findSightings(attribute, { from, to }) {
      calls.push({ kind: "find", rows: 1 });
      await request();
      return [...stored]
        .filter(([, row]) => row.attributeUuid === attribute && row.timestamp >= from && row.timestamp <= to)
        .map(([uuid]) => ({ uuid }));
    },
    async addSighting({ target }) {
      calls.push({ kind: "add", rows: 1 });
      await request();
      const known = "value" in target ? target.value === "evil.example" : target.attributeUuid === attributeUuid(0);
      return known ? { ok: true } : { ok: false, detail: "No valid attributes found" };
    },
  };
  return { api, stored, calls, state };
}

const rowOf = (number: number, eventId = 7): SightingRow => ({
  uuid: sightingUuid(number),
  target: { attributeUuid: attributeUuid(number % 3), eventId },
  type: 0,
  seenAt: 1_600_000_000 + number,
  source: "threatbus",
});
const never = new AbortController().signal;
const outcomes = (answers: readonly SendAnswer[]) => answers.map(({ outcome }) => outcome);
const some = (length: number) => Array.from({ length }, (_, number) => rowOf(number));

describe("rows that are sent at the same time", () => {
  it("are one request for each event", async () => {
    const { api, calls } = createApi();
    const send = createMispSender({ api });
    const rows = [...some(50), rowOf(60, 8), rowOf(61, 8)];
    const answers = await Promise.all(rows.map((row) => send(row, never)));
    expect(outcomes(answers)).toEqual(Array(52).fill("delivered"));
    expect(calls).toEqual([
      { kind: "bulk", rows: 50, eventId: 7 },
      { kind: "bulk", rows: 2, eventId: 8 },
    ]);
  });

  it("are more requests, one after another, when they are too many for one", async () => {
    const { api, calls } = createApi();
    const send = createMispSender({ api, maxBatch: 20 });
    await Promise.all(some(50).map((row) => send(row, never)));
    expect(calls.map(({ rows }) => rows)).toEqual([20, 20, 10]);
  });

  it("wait for the request of their event that is under way", async () => {
    const { api, calls } = createApi(new Map(), () => new Promise((resolve) => setImmediate(resolve)));
    const send = createMispSender({ api });
    const first = send(rowOf(0), never);
    await expect.poll(() => calls.length).toBe(1);
    const answers = await Promise.all([first, send(rowOf(1), never), send(rowOf(2), never), send(rowOf(3, 8), never)]);
    expect(outcomes(answers)).toEqual(Array(4).fill("delivered"));
    expect(calls.map(({ eventId, rows }) => [eventId, rows])).toEqual([
      [7, 1],
      [8, 1],
      [7, 2],
    ]);
  });

  it("are not more requests at once than allowed", async () => {
    const { api, state, calls } = createApi(new Map(), () => new Promise((resolve) => setImmediate(resolve)));
    const send = createMispSender({ api, maxRequests: 3 });
    await Promise.all(Array.from({ length: 20 }, (_, event) => send(rowOf(event, event + 1), never)));
    expect(calls).toHaveLength(20);
    expect(state.most).toBe(3);
  });
});

it("finds out by looking that a repeat is known, and adds nothing", async () => {
  const { api, stored, calls } = createApi();
  const send = createMispSender({ api });
  await Promise.all(some(10).map((row) => send(row, never)));
  expect(outcomes(await Promise.all(some(10).map((row) => send(row, never))))).toEqual(Array(10).fill("delivered"));
  expect(stored.size).toBe(10);
  // One look for each of the three attributes.
  expect(calls.map(({ kind }) => kind)).toEqual(["bulk", "bulk", "find", "find", "find"]);
});

describe("what MISP's answers prove", () => {
  const traps = fc.array(
    fc.option(fc.constantFrom<Trap>("stumbles", "drops", "unknown attribute", "foreign", "known"), {
      freq: 2,
      nil: undefined,
    }),
    { minLength: 1, maxLength: 24 },
  );

  it("is told for each row, whatever traps lie among them", async () => {
    await fc.assert(
      fc.asyncProperty(traps, async (all) => {
        // Three rows that stumble and none that is saved look like an outage.
        fc.pre(all.filter((trap) => trap === "stumbles").length < 3);
        const byUuid = new Map(
          all.flatMap((trap, n) => (trap === undefined ? [] : [[sightingUuid(n), trap] as const])),
        );
        const { api, stored } = createApi(byUuid);
        const rows = some(all.length);
        for (const [n, row] of rows.entries()) {
          if (all[n] !== "known") continue;
          stored.set(row.uuid, { attributeUuid: attributeUuid(n % 3), timestamp: row.seenAt });
        }
        const send = createMispSender({ api });
        const answers = outcomes(await Promise.all(rows.map((row) => send(row, never))));
        const expected = all.map((trap) => {
          if (trap === undefined || trap === "known") return "delivered";
          return trap === "stumbles" ? "retry" : "refused";
        });
        expect(answers).toEqual(expected);
        for (const [n, row] of rows.entries()) expect(stored.has(row.uuid)).toBe(answers[n] === "delivered");
      }),
      { numRuns: 500 },
    );
  });

  it("is told for the neighbours of many rows that MISP stumbles over, once it took any row", async () => {
    const bad = [16, 17, 18, 19, 20];
    const { api } = createApi(new Map(bad.map((n) => [sightingUuid(n), "stumbles"])));
    const send = createMispSender({ api });
    const answers = outcomes(await Promise.all(some(32).map((row) => send(row, never))));
    expect(answers).toEqual(Array.from({ length: 32 }, (_, n) => (bad.includes(n) ? "retry" : "delivered")));
  });

  it("is never more than is true, whatever fails in between", async () => {
    await fc.assert(
      fc.asyncProperty(
        traps,
        fc.array(fc.option(fc.constantFrom("server-error", "timeout", "refused", "not-json")), { maxLength: 12 }),
        async (all, failures) => {
          const byUuid = new Map(
            all.flatMap((trap, n) => (trap === undefined ? [] : [[sightingUuid(n), trap] as const])),
          );
          const { api, stored, state } = createApi(byUuid, async () => {
            const code = failures.shift();
            state.failure = code === undefined || code === null ? undefined : new ApiError(code);
          });
          const rows = some(all.length);
          const send = createMispSender({ api });
          const answers = outcomes(await Promise.all(rows.map((row) => send(row, never))));
          for (const [n, row] of rows.entries()) {
            if (answers[n] === "delivered") expect(stored.has(row.uuid)).toBe(true);
            if (answers[n] === "refused") expect(["drops", "unknown attribute", "foreign"]).toContain(all[n]);
            expect(answers[n]).not.toBe("forbidden");
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is taken from the client where it knows better than to ask", async () => {
    const { api, calls } = createApi();
    const bad = sightingUuid(1);
    const strict: SightingsApi = {
      ...api,
      async addSightings(eventId, items, options) {
        const index = items.findIndex(({ uuid }) => uuid === bad);
        if (index >= 0) return { ok: false, reason: "invalid", index, detail: "source has 300 characters" };
        return api.addSightings(eventId, items, options);
      },
    };
    const send = createMispSender({ api: strict });
    const answers = await Promise.all(some(3).map((row) => send(row, never)));
    expect(outcomes(answers)).toEqual(["delivered", "refused", "delivered"]);
    expect(answers[1]?.detail).toContain("300 characters");
    expect(calls).toEqual([{ kind: "bulk", rows: 2, eventId: 7 }]);
  });

  it("is refusal when the event does not exist", async () => {
    const { api } = createApi();
    const gone: SightingsApi = {
      ...api,
      addSightings: async () => ({ ok: false, reason: "no-such-event", detail: "Event not found" }),
    };
    const send = createMispSender({ api: gone });
    expect(outcomes(await Promise.all(some(2).map((row) => send(row, never))))).toEqual(["refused", "refused"]);
  });
});

describe("when MISP takes nothing", () => {
  it.each([
    ["unauthorized", "forbidden", 1],
    ["forbidden", "forbidden", 1],
    ["unreachable", "retry", 1],
    ["timeout", "retry", 1],
    ["not-json", "retry", 1],
  ])("%s: what waits for its turn is answered %s too, and not sent", async (code, outcome, requests) => {
    const { api, calls, state } = createApi();
    state.failure = new ApiError(code);
    const send = createMispSender({ api, maxRequests: 1 });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => send(rowOf(n, n + 1), never)));
    expect(outcomes(answers)).toEqual(Array(30).fill(outcome));
    expect(calls).toHaveLength(requests);
  });

  it("does not send the rows without an event either", async () => {
    const { api, calls, state } = createApi();
    state.failure = new ApiError("unauthorized");
    const send = createMispSender({ api, maxRequests: 1 });
    const rows = some(10).map((row) => ({ ...row, target: { attributeUuid: attributeUuid(0) } }));
    expect(outcomes(await Promise.all(rows.map((row) => send(row, never))))).toEqual(Array(10).fill("forbidden"));
    expect(calls).toHaveLength(1);
  });

  it("asks no more than a few times when every answer is a 500", async () => {
    const { api, calls, state } = createApi();
    state.failure = new ApiError("server-error");
    const send = createMispSender({ api });
    const answers = await Promise.all(some(200).map((row) => send(row, never)));
    expect(outcomes(answers)).toEqual(Array(200).fill("retry"));
    expect(calls.length).toBeLessThan(20);
  });

  it("passes on when to come back", async () => {
    const { api, calls, state } = createApi();
    state.failure = new ApiError("server-error", 1_800_000_000_000);
    const send = createMispSender({ api });
    const answers = await Promise.all(some(20).map((row) => send(row, never)));
    expect(answers.map(({ retryAtMs }) => retryAtMs)).toEqual(Array(20).fill(1_800_000_000_000));
    expect(calls).toHaveLength(1);
  });
});

describe("a row without an event", () => {
  const lone = { ...rowOf(0), target: { attributeUuid: attributeUuid(0) } };
  const stranger = { ...rowOf(1), target: { attributeUuid: attributeUuid(1) } };

  it("goes to /sightings/add", async () => {
    const { api, calls } = createApi();
    const send = createMispSender({ api });
    const byValue = { ...rowOf(2), target: { value: "evil.example" } };
    const answers = await Promise.all([lone, stranger, byValue].map((row) => send(row, never)));
    expect(outcomes(answers)).toEqual(["delivered", "refused", "delivered"]);
    expect(calls.map(({ kind }) => kind)).toEqual(["add", "add", "add"]);
  });

  it("goes with its uuid when its event can be found", async () => {
    const { api, calls, stored } = createApi();
    const send = createMispSender({
      api,
      eventOf: async (uuid) => (uuid === attributeUuid(0) ? 9 : undefined),
    });
    const answers = await Promise.all([lone, stranger].map((row) => send(row, never)));
    expect(outcomes(answers)).toEqual(["delivered", "refused"]);
    expect(calls).toEqual([{ kind: "bulk", rows: 1, eventId: 9 }]);
    expect([...stored.keys()]).toEqual([lone.uuid]);
  });
});

it("gives a request up when nobody waits for any of its rows any more, and not before", async () => {
  const { api } = createApi();
  const signals: AbortSignal[] = [];
  const waits: SightingsApi = {
    ...api,
    addSightings: (_, __, { signal }) => {
      signals.push(signal);
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    },
  };
  const send = createMispSender({ api: waits });
  const controllers = [new AbortController(), new AbortController()];
  const answers = controllers.map((controller, n) => send(rowOf(n), controller.signal));
  await expect.poll(() => signals.length).toBe(1);
  controllers[0]?.abort();
  expect(signals[0]?.aborted).toBe(false);
  controllers[1]?.abort();
  expect(signals[0]?.aborted).toBe(true);
  expect(outcomes(await Promise.all(answers))).toEqual(["retry", "retry"]);
});

describe("under the delivery", () => {
  function setUp(sightings: number, traps: ReadonlyMap<string, Trap> = new Map()) {
    const clock = createSimulatedClock();
    const outbox = createMemoryOutbox();
    const misp = createApi(traps, () => new Promise((resolve) => clock.after(50, resolve)));
    const reports = createReports();
    const delivery = createSightingDelivery({
      outbox,
      send: createMispSender({ api: misp.api }),
      index: {
        attribute: (uuid) => ({ eventId: (Number.parseInt(uuid.slice(-4), 16) % 20) + 1 }),
        complete: () => true,
      },
      report: reports.report,
      clock,
      concurrency: 400,
    });
    const stop = new AbortController();
    const bus = createTestBus(Array.from({ length: sightings }, (_, number) => stixSighting(number)));
    const all = [
      delivery.accept(bus, { signal: stop.signal }),
      delivery.run({ signal: stop.signal, deadline: stop.signal }),
    ];
    const end = async () => {
      stop.abort();
      await Promise.all(all);
    };
    return { clock, outbox, misp, reports, delivery, end };
  }

  it("10,000 sightings of 20 events need few requests", async () => {
    const { clock, misp, reports, end } = setUp(10_000);
    await clock.runUntil(() => reports.of("delivered").length === 10_000, 60_000);
    expect(misp.stored.size).toBe(10_000);
    expect(misp.calls.length).toBeLessThan(1_500);
    await end();
  });

  it("rows that MISP stumbles over become dead letters, and their neighbours are delivered", async () => {
    const traps = new Map<string, Trap>([
      [sightingUuid(5), "stumbles"],
      [sightingUuid(25), "stumbles"],
      [sightingUuid(45), "drops"],
    ]);
    const { clock, outbox, reports, end } = setUp(200, traps);
    await clock.runUntil(() => reports.of("delivered").length === 197, 60_000);
    await clock.runUntil(() => outbox.holds(sightingUuid(45)) === "dead", 60_000);
    expect(reports.of("dead").map(({ reason }) => reason)).toEqual(["refused"]);
    expect(outbox.counts().waiting).toBe(2);
    await end();
  });

  it("a refused key costs one request, and none of the rows that wait", async () => {
    const { clock, outbox, misp, reports, delivery, end } = setUp(1_000);
    misp.state.failure = new ApiError("unauthorized");
    await clock.runUntil(() => reports.states().includes("forbidden"));
    await clock.pass(24 * 3_600_000);
    expect(misp.calls).toHaveLength(1);
    expect(outbox.counts()).toEqual({ waiting: 1_000, dead: 0 });
    misp.state.failure = undefined;
    delivery.resume();
    await clock.runUntil(() => reports.of("delivered").length === 1_000, 60_000);
    await end();
  });

  it("a key that is refused in the middle of it stops what waits for its turn", async () => {
    const { clock, misp, reports, end } = setUp(10_000);
    await clock.runUntil(() => reports.of("delivered").length > 500);
    misp.state.failure = new ApiError("unauthorized");
    const before = misp.calls.length;
    await clock.pass(3_600_000);
    expect(misp.calls.length - before).toBeLessThanOrEqual(4);
    await end();
  });
});
