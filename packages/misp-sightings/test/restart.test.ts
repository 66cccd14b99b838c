import type { Outbox, SightingDelivery, SightingRow } from "@tb/misp-core";
import { createMemoryOutbox, propertyRuns } from "@tb/misp-core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createSightingDelivery, type SendAnswer, type SightingDeliveryOptions } from "../src/index.ts";
import { attributeUuid, sightingUuid, stixSighting } from "./helpers.ts";
import { createSimulatedClock } from "./simulated-clock.ts";

/** What becomes of one commit. After `killed…` the process is gone: nothing that it waits for ever comes. */
type CommitFate = "ok" | "fails" | "fails after it was written" | "killed before" | "killed after";
/** What becomes of one call to MISP. */
type SendFate =
  | "ok"
  | "down"
  | "busy"
  | "answer lost"
  | "connection lost"
  | "hangs"
  | "hangs, stored"
  | "refused"
  | "forbidden"
  | "killed before"
  | "killed, stored";

interface Plan {
  readonly sightings: readonly { readonly attribute: number; readonly count: number; readonly repeated: boolean }[];
  readonly commits: readonly CommitFate[];
  readonly sends: readonly SendFate[];
  readonly concurrency: number;
  readonly throttleMs: number;
}

const forever = <T>() => new Promise<T>(() => {});

/** What survives every kill: the disk, MISP, what the bus still has to hand over, and the clock. */
function createWorld(plan: Plan) {
  const clock = createSimulatedClock();
  const disk = createMemoryOutbox();
  const misp = new Map<string, SightingRow>();
  /** Rows of which an answer said that they are written. */
  const proven = new Set<string>();
  const refusedRows = new Set<string>();
  const acked = new Set<number>();
  const commits = [...plan.commits];
  const sends = [...plan.sends];
  /** What a process did that it must never do. */
  const violations: string[] = [];

  /** One process, from its start until it is killed, gives up, or has nothing left to do. */
  const runProcess = async (): Promise<void> => {
    let alive = true;
    const stop = new AbortController();
    const kill = <T>(): Promise<T> => {
      alive = false;
      return forever();
    };
    const outbox: Outbox = {
      ...disk,
      async commit(changes) {
        if (!alive) return forever();
        const fate = commits.shift() ?? "ok";
        if (fate === "killed before") return kill();
        if (fate === "fails") throw new Error("disk full");
        await disk.commit(changes);
        if (fate === "killed after") return kill();
        if (fate === "fails after it was written") throw new Error("disk lost");
      },
    };
    const send = (row: SightingRow, signal: AbortSignal): Promise<SendAnswer> => {
      // A killed process does nothing more; what is left of it here runs on to its next wait, and must reach nothing.
      if (!alive) return forever();
      if (disk.holds(row.uuid) !== "waiting") violations.push(`sent without being in the outbox: ${row.uuid}`);
      const fate = sends.shift() ?? "ok";
      const store = () => {
        // MISP keeps the first row of a uuid and skips repeats.
        if (!misp.has(row.uuid)) misp.set(row.uuid, row);
      };
      if (fate === "killed before") return kill();
      if (fate === "killed, stored") {
        store();
        return kill();
      }
      return new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
        clock.after(50, () => {
          if (fate === "ok" || fate === "answer lost" || fate === "connection lost" || fate === "hangs, stored")
            store();
          if (fate === "ok") {
            proven.add(row.uuid);
            resolve({ outcome: "delivered", detail: "1 sightings added." });
          } else if (fate === "down" || fate === "answer lost") resolve({ outcome: "retry", detail: "HTTP 502" });
          else if (fate === "busy") resolve({ outcome: "retry", retryAtMs: clock.now() + 30_000, detail: "HTTP 429" });
          else if (fate === "connection lost") reject(new Error("ECONNRESET"));
          else if (fate === "forbidden") resolve({ outcome: "forbidden", detail: "HTTP 403" });
          else if (fate === "refused") {
            refusedRows.add(row.uuid);
            resolve({ outcome: "refused", detail: "no such attribute" });
          }
        });
      });
    };
    const bus = {
      async *sightings({ signal }: { readonly signal: AbortSignal }): AsyncIterable<SightingDelivery> {
        for (const [number, { attribute, count, repeated }] of plan.sightings.entries()) {
          if (acked.has(number) && !repeated) continue;
          const part = { sighting_of_ref: `indicator--${attributeUuid(attribute)}`, count };
          const ack = () => {
            if (!alive) return;
            const uuid = sightingUuid(number);
            // A throttle puts rows into others, so that their uuid says nothing.
            const safe = plan.throttleMs > 0 || disk.holds(uuid) !== undefined || proven.has(uuid);
            if (!safe) violations.push(`acknowledged before it was safe: ${number}`);
            acked.add(number);
          };
          yield { sighting: stixSighting(number, part), ack };
          if (!alive) await forever();
          if (signal.aborted) return;
        }
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      },
    };
    const options: SightingDeliveryOptions = {
      outbox,
      send,
      index: { attribute: () => ({ eventId: 1 }), complete: () => true },
      clock: {
        now: clock.now,
        after: (ms, run) => clock.after(ms, () => alive && run()),
      },
      random: () => 0.5,
      concurrency: plan.concurrency,
      throttleMs: plan.throttleMs,
      sendTimeoutMs: 10_000,
      report: (report) => {
        if (!alive) return;
        if (report.kind === "delivered") {
          const { uuid } = report.row;
          if (!proven.has(uuid) || !misp.has(uuid)) violations.push(`counted without proof: ${uuid}`);
          if (disk.holds(uuid) !== undefined) violations.push(`counted before it was written down: ${uuid}`);
        }
        if (report.kind === "state" && report.state === "forbidden") forbidden = true;
      },
    };
    let forbidden = false;
    const delivery = createSightingDelivery(options);
    let over = false;
    const ended = Promise.allSettled([
      delivery.accept(bus, { signal: stop.signal }).catch((error: unknown) => {
        stop.abort();
        throw error;
      }),
      delivery.run({ signal: stop.signal, deadline: stop.signal }).catch((error: unknown) => {
        stop.abort();
        throw error;
      }),
    ]).then(() => {
      over = true;
    });
    const nothingLeft = () => acked.size === plan.sightings.length && disk.counts().waiting === 0;
    await clock.runUntil(() => !alive || over || forbidden || nothingLeft());
    if (!alive) return;
    // An orderly end: the deadline is at once, as when a person changes the key and starts anew.
    stop.abort();
    await clock.runUntil(() => over || !alive);
    if (alive) await ended;
    alive = false;
  };

  const finished = () => acked.size === plan.sightings.length && disk.counts().waiting === 0;
  return { runProcess, finished, disk, misp, refusedRows, violations };
}

/** How many sightings a row in MISP stands for. */
const standsFor = ({ source }: SightingRow) => Number(/\((\d+) sightings\)/.exec(source)?.[1] ?? 1);

const plan = (throttleMs: fc.Arbitrary<number>): fc.Arbitrary<Plan> =>
  fc.record({
    sightings: fc.array(
      fc.record({ attribute: fc.nat({ max: 2 }), count: fc.integer({ min: 1, max: 3 }), repeated: fc.boolean() }),
      { minLength: 1, maxLength: 6 },
    ),
    commits: fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constant<CommitFate>("ok") },
        {
          weight: 2,
          arbitrary: fc.constantFrom<CommitFate>(
            "fails",
            "fails after it was written",
            "killed before",
            "killed after",
          ),
        },
      ),
      { maxLength: 12 },
    ),
    sends: fc.array(
      fc.oneof(
        { weight: 2, arbitrary: fc.constant<SendFate>("ok") },
        {
          weight: 3,
          arbitrary: fc.constantFrom<SendFate>(
            "down",
            "busy",
            "answer lost",
            "connection lost",
            "hangs",
            "hangs, stored",
            "refused",
            "forbidden",
            "killed before",
            "killed, stored",
          ),
        },
      ),
      { maxLength: 16 },
    ),
    concurrency: fc.integer({ min: 1, max: 4 }),
    throttleMs,
  });

async function live(world: ReturnType<typeof createWorld>): Promise<void> {
  for (let processes = 0; !world.finished(); processes++) {
    if (processes > 100) throw new Error("it never ends");
    await world.runProcess();
  }
  expect(world.violations).toEqual([]);
}

it("delivers every accepted sighting, and counts none without proof, whatever fails or is killed between any two steps", async () => {
  await fc.assert(
    fc.asyncProperty(plan(fc.constant(0)), async (all) => {
      const world = createWorld(all);
      await live(world);
      const dead = new Map(world.disk.deadLetters("", 1000).map((letter) => [letter.entry.row.uuid, letter]));
      for (const [number, { count, attribute }] of all.sightings.entries()) {
        const rows = [...world.misp.values(), ...[...dead.values()].map(({ entry }) => entry.row)].filter(
          ({ target }) => "attributeUuid" in target && target.attributeUuid === attributeUuid(attribute),
        );
        expect(rows.some(({ uuid }) => uuid === sightingUuid(number))).toBe(true);
        expect(new Set(rows.map(({ uuid }) => uuid)).size).toBeGreaterThanOrEqual(count);
      }
      const wanted = all.sightings.reduce((sum, { count }) => sum + count, 0);
      // Every row is in MISP once, or a dead letter that MISP refused: nothing else, and nothing is missing.
      const uuids = new Set([...world.misp.keys(), ...dead.keys()]);
      expect(uuids.size).toBe(wanted);
      for (const [uuid, { reason }] of dead) if (reason === "refused") expect(world.refusedRows).toContain(uuid);
    }),
    { numRuns: propertyRuns },
  );
}, 300_000);

it("keeps the count under a throttle: what MISP holds or refused stands for every sighting at least once", async () => {
  await fc.assert(
    fc.asyncProperty(plan(fc.constantFrom(40, 1_000, 60_000)), async (all) => {
      const world = createWorld(all);
      await live(world);
      const dead = world.disk.deadLetters("", 1000);
      for (let attribute = 0; attribute < 3; attribute++) {
        const ofAttribute = ({ target }: SightingRow) =>
          "attributeUuid" in target && target.attributeUuid === attributeUuid(attribute);
        const wanted = all.sightings.reduce((sum, one) => sum + (one.attribute === attribute ? one.count : 0), 0);
        const held = [...world.misp.values()].filter(ofAttribute).reduce((sum, row) => sum + standsFor(row), 0);
        const buried = dead
          .filter(({ entry }) => ofAttribute(entry.row))
          .reduce((sum, { entry }) => sum + entry.count, 0);
        expect(held + buried).toBeGreaterThanOrEqual(wanted);
      }
    }),
    { numRuns: propertyRuns },
  );
}, 300_000);
