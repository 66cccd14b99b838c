import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bus } from "../contracts.ts";
import type { StixObject } from "../stix.ts";

/** A bus under test, with the other side of it. */
export interface BusHarness extends AsyncDisposable {
  readonly bus: Bus;
  /** What the other side has, as soon as it is `count` objects or more. */
  received(count: number): Promise<readonly StixObject[]>;
  /** The other side reports a sighting. */
  sight(sighting: object): void | Promise<void>;
  /** For a bus that can be down for a while: begin and end of such a while. */
  readonly outage?: { begin(): void | Promise<void>; end(): void | Promise<void> };
  /** For a bus that can be lost for good. */
  readonly lose?: () => void | Promise<void>;
  /** For a bus whose apps ask for snapshots: asks, and gives what arrived by its end. */
  readonly requestSnapshot?: (sinceMs: number) => Promise<readonly StixObject[]>;
}

/** What a bus can do beyond the rest of the contract; the harness must have the member of the same purpose. */
export type BusAbility = "outage" | "loss" | "snapshots";

/** The contract of every {@link Bus}. */
export function describeBus(
  name: string,
  makeHarness: () => BusHarness | Promise<BusHarness>,
  abilities: readonly BusAbility[],
): void {
  describe(`${name} as a bus`, () => {
    let harness: BusHarness;
    let bus: Bus;
    beforeEach(async () => {
      harness = await makeHarness();
      bus = harness.bus;
    });
    afterEach(() => harness[Symbol.asyncDispose]());

    describe("publish", () => {
      it("hands objects over whole and in order, over several calls", async () => {
        await bus.publish([indicator(1), indicator(2)]);
        await bus.publish([indicator(3)]);
        expect(await harness.received(3)).toEqual([indicator(1), indicator(2), indicator(3)]);
      });

      it("keeps the order of calls that do not wait for each other", async () => {
        const calls = Array.from({ length: 20 }, (_, call) => [indicator(2 * call), indicator(2 * call + 1)]);
        await Promise.all(calls.map((objects) => bus.publish(objects)));
        expect(await harness.received(40)).toEqual(calls.flat());
      });

      it("of nothing hands nothing over", async () => {
        await bus.publish([]);
        await bus.publish([indicator(1)]);
        expect(await harness.received(1)).toEqual([indicator(1)]);
      });

      it("keeps any text as it is", async () => {
        const object = indicator(1, 'a "b" \\ \n \r\n \t \0 \u001b[31m \u2028 \u202e ü 日本 😀 } { ');
        await bus.publish([object]);
        expect(await harness.received(1)).toEqual([object]);
      });

      it("takes 500 objects of a few kilobytes at once", async () => {
        const objects = Array.from({ length: 500 }, (_, n) => indicator(n, "x".repeat(4_000)));
        await bus.publish(objects);
        expect(await harness.received(500)).toEqual(objects);
      });

      it("rejects after the bus was disposed", async () => {
        await bus[Symbol.asyncDispose]();
        await expect(bus.publish([indicator(1)])).rejects.toThrow(Error);
      });
    });

    if (abilities.includes("outage")) {
      describe("while it is down", () => {
        it("lets publish wait, and hands over in order and once when it is up again", async () => {
          const { outage } = harness;
          if (outage === undefined) throw new Error("the harness has no outage");
          await bus.publish([indicator(1)]);
          await outage.begin();
          const resolved: number[] = [];
          const waiting = [2, 3].map(async (n) => {
            await bus.publish([indicator(n)]);
            resolved.push(n);
          });
          await afterOtherWork();
          expect(resolved).toEqual([]);
          await outage.end();
          await Promise.all(waiting);
          expect(resolved).toEqual([2, 3]);
          expect(await harness.received(3)).toEqual([indicator(1), indicator(2), indicator(3)]);
        });

        it("says so, and says when it is up again", async () => {
          const { outage } = harness;
          if (outage === undefined) throw new Error("the harness has no outage");
          const states = bus.status()[Symbol.asyncIterator]();
          expect((await states.next()).value).toMatchObject({ state: "up" });
          await outage.begin();
          expect((await states.next()).value).toMatchObject({ state: "down" });
          const late = bus.status()[Symbol.asyncIterator]();
          expect((await late.next()).value).toMatchObject({ state: "down" });
          await outage.end();
          expect((await states.next()).value).toMatchObject({ state: "up" });
          expect((await late.next()).value).toMatchObject({ state: "up" });
        });

        it("rejects what waits when it is disposed", async () => {
          const { outage } = harness;
          if (outage === undefined) throw new Error("the harness has no outage");
          await outage.begin();
          const waiting = expect(bus.publish([indicator(1)])).rejects.toThrow(Error);
          await bus[Symbol.asyncDispose]();
          await waiting;
        });
      });
    }

    if (abilities.includes("loss")) {
      it("that is lost for good rejects publish, says why and ends its status", async () => {
        const states = collect(bus.status());
        await bus.publish([indicator(1)]);
        await harness.received(1);
        await harness.lose?.();
        // The loss of a pipe shows with the first write that it refuses, not before.
        await expect(publishUntilRefused(bus)).rejects.toThrow(Error);
        await expect(bus.publish([indicator(3)])).rejects.toThrow(Error);
        expect(await states).toMatchObject([{ state: "up" }, { state: "down", detail: expect.stringMatching(/\w/) }]);
        expect(await collect(bus.status())).toMatchObject([{ state: "down" }]);
      });
    }

    describe("sightings", () => {
      it("arrive in order, as they were reported, with an ack", async () => {
        const reading = bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
        for (let n = 1; n <= 3; n += 1) {
          await harness.sight(sighting(n));
          const { value } = await reading.next();
          expect(value?.sighting).toEqual(sighting(n));
          expect(value?.ack()).toBeUndefined();
        }
        await reading.return?.();
      });

      it("end at once when their signal aborts, also before it began", async () => {
        const controller = new AbortController();
        const pending = collect(bus.sightings({ signal: controller.signal }));
        await afterOtherWork();
        controller.abort();
        expect(await pending).toEqual([]);
        expect(await collect(bus.sightings({ signal: controller.signal }))).toEqual([]);
      });

      it("that one reader did not take go to the next", async () => {
        const first = bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
        for (const n of [1, 2, 3]) await harness.sight(sighting(n));
        expect((await first.next()).value?.sighting).toEqual(sighting(1));
        await first.return?.();
        const second = bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
        expect((await second.next()).value?.sighting).toEqual(sighting(2));
        expect((await second.next()).value?.sighting).toEqual(sighting(3));
        await second.return?.();
      });

      it("go on while objects are published", async () => {
        const reading = bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
        const pending = reading.next();
        await bus.publish([indicator(1)]);
        await harness.sight(sighting(1));
        expect((await pending).value?.sighting).toEqual(sighting(1));
        expect(await harness.received(1)).toEqual([indicator(1)]);
        await reading.return?.();
      });
    });

    describe("snapshot requests", () => {
      it("end at once when their signal aborts, also before it began", async () => {
        const controller = new AbortController();
        const pending = collect(bus.snapshotRequests({ signal: controller.signal }));
        await afterOtherWork();
        controller.abort();
        expect(await pending).toEqual([]);
        expect(await collect(bus.snapshotRequests({ signal: controller.signal }))).toEqual([]);
      });

      if (abilities.includes("snapshots")) {
        it("are answered in chunks, to the app that asked", async () => {
          const requests = bus.snapshotRequests({ signal: new AbortController().signal })[Symbol.asyncIterator]();
          const answer = harness.requestSnapshot?.(86_400_000);
          const { value: request } = await requests.next();
          expect(request?.sinceMs).toBe(86_400_000);
          await request?.send([indicator(1), indicator(2)]);
          await request?.send([indicator(3)]);
          await request?.end();
          expect(await answer).toEqual([indicator(1), indicator(2), indicator(3)]);
          await requests.return?.();
        });
      }
    });

    describe("status", () => {
      it("begins with the present state, for each reader, and ends when the bus is disposed", async () => {
        const readers = [bus.status(), bus.status()].map((status) => status[Symbol.asyncIterator]());
        for (const reader of readers) expect((await reader.next()).value).toMatchObject({ state: "up" });
        const rest = readers.map((reader) => collect({ [Symbol.asyncIterator]: () => reader }));
        await bus[Symbol.asyncDispose]();
        for (const states of await Promise.all(rest)) {
          expect(states.filter(({ state }) => state !== "down")).toEqual([]);
        }
      });
    });

    it("can be disposed twice, and ends everything that is being read", async () => {
      const { signal } = new AbortController();
      const reading = [collect(bus.sightings({ signal })), collect(bus.snapshotRequests({ signal }))];
      await afterOtherWork();
      await Promise.all([bus[Symbol.asyncDispose](), bus[Symbol.asyncDispose]()]);
      expect(await Promise.all(reading)).toEqual([[], []]);
      await bus[Symbol.asyncDispose]();
    });
  });
}

function indicator(n: number, name = `name ${n}`): StixObject {
  const id = `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
  return { type: "indicator", spec_version: "2.1", id, name, pattern: `[domain-name:value = 'a${n}.example']` };
}

function sighting(n: number): object {
  const id = `sighting--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
  return { type: "sighting", spec_version: "2.1", id, count: n, x_threatbus_source: "ü \n 😀" };
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const value of values) seen.push(value);
  return seen;
}

async function publishUntilRefused(bus: Bus): Promise<void> {
  for (let n = 0; n < 1_000; n += 1) await bus.publish([indicator(n, "x".repeat(4_000))]);
}

/** Lets everything run that is ready now, timers of 0 ms and I/O included. */
function afterOtherWork(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
