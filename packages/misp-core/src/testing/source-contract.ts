import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Source, SourceStatus } from "../contracts.ts";
import type { Notification, NotificationBatch } from "../notification.ts";

/** A source under test that is connected, and its other end. */
export interface SourceHarness {
  readonly source: Source;
  /** Publishes one message per body, in order. */
  send(bodies: readonly string[]): Promise<void>;
  /** For a source whose connection can be lost for a while: begin and end of such a while. */
  readonly outage?: { begin(): void | Promise<void>; end(): void | Promise<void> };
  /** Disposes of both ends. The source may be disposed of already. */
  dispose(): Promise<void>;
}

/** What a source can do beyond the rest of the contract; the harness must have the member of the same name. */
export type SourceAbility = "outage";

/** The contract of every {@link Source}. */
export function describeSource(
  name: string,
  makeHarness: () => Promise<SourceHarness>,
  abilities: readonly SourceAbility[] = [],
): void {
  describe(`${name} keeps the contract of a source`, () => {
    let harness: SourceHarness;
    let source: Source;
    beforeEach(async () => {
      harness = await makeHarness();
      source = harness.source;
    });
    afterEach(() => harness.dispose());

    const start = (signal: AbortSignal = new AbortController().signal) =>
      source.read({ signal })[Symbol.asyncIterator]();

    describe("reading", () => {
      it("yields what was sent, in order, each with a topic and the time it was observed", async () => {
        const wanted = Array.from({ length: 300 }, (_, i) => `message ${i}`);
        await harness.send(wanted);
        const received = await take(source, wanted.length);
        expect(received.map(text)).toEqual(wanted);
        for (const { topic, observedAtMs } of received) {
          expect(topic).not.toBe("");
          expect(observedAtMs).toBeGreaterThan(0);
        }
      });

      it("never yields an empty batch", async () => {
        const sizes: number[] = [];
        const reading = start();
        for (const body of ["1", "2", "3"]) {
          await harness.send([body]);
          const { value } = await reading.next();
          sizes.push(value?.notifications.length ?? 0);
        }
        expect(sizes).toEqual([1, 1, 1]);
        await reading.return?.();
      });

      it("takes acknowledgements late, repeated, and after the end", async () => {
        const reading = start();
        const batches: NotificationBatch[] = [];
        for (const body of ["1", "2"]) {
          await harness.send([body]);
          const { value } = await reading.next();
          if (value !== undefined) batches.push(value);
        }
        batches[0]?.ack();
        batches[0]?.ack();
        await source[Symbol.asyncDispose]();
        expect(() => batches[1]?.ack()).not.toThrow();
      });

      it("goes on where the last reader stopped", async () => {
        await harness.send(["1"]);
        const [first] = await take(source, 1);
        await harness.send(["2", "3"]);
        const rest = await take(source, 2);
        expect([first, ...rest].map((notification) => notification && text(notification))).toEqual(["1", "2", "3"]);
      });

      it("goes on for a reader that begins in the moment in which the last one is aborted", async () => {
        const controller = new AbortController();
        const before = start(controller.signal).next();
        await settle();
        controller.abort();
        const after = start().next();
        expect((await before).done).toBe(true);
        await harness.send(["1"]);
        const { value } = await after;
        expect(value?.notifications.map(text)).toEqual(["1"]);
      });
    });

    describe("an abort", () => {
      it("ends a read that waits", async () => {
        const controller = new AbortController();
        const reading = start(controller.signal).next();
        await settle();
        controller.abort();
        expect((await reading).done).toBe(true);
      });

      it("of before ends a read at once, also when something waits", async () => {
        await harness.send(["1"]);
        const reading = start(AbortSignal.abort()).next();
        expect((await reading).done).toBe(true);
        expect((await take(source, 1)).map(text)).toEqual(["1"]);
      });

      it("while a batch is worked on ends the read after it", async () => {
        const controller = new AbortController();
        const reading = start(controller.signal);
        await harness.send(["1"]);
        await reading.next();
        await harness.send(["2"]);
        controller.abort();
        expect((await reading.next()).done).toBe(true);
        expect((await take(source, 1)).map(text)).toEqual(["2"]);
      });
    });

    describe("disposal", () => {
      it("ends a read that waits and every status reader, and can be repeated", async () => {
        const reading = start().next();
        const statuses = [source.status(), source.status()].map((one) => collect(one));
        await settle();
        await Promise.all([source[Symbol.asyncDispose](), source[Symbol.asyncDispose]()]);
        await source[Symbol.asyncDispose]();
        expect((await reading).done).toBe(true);
        for (const states of await Promise.all(statuses)) expect(states.at(-1)).toBe("closed");
      });

      it("leaves nothing to read, and says so to whoever asks afterwards", async () => {
        await harness.send(["1"]);
        await source[Symbol.asyncDispose]();
        expect((await start().next()).done).toBe(true);
        expect(await collect(source.status())).toEqual(["closed"]);
      });
    });

    describe("status", () => {
      it("begins with the present state for each reader, and goes on when one of them leaves", async () => {
        // Something came, so there is a connection.
        await harness.send(["1"]);
        await take(source, 1);
        const [leaving, staying] = [source.status()[Symbol.asyncIterator](), source.status()[Symbol.asyncIterator]()];
        expect((await leaving.next()).value).toMatchObject({ state: "connected" });
        expect((await staying.next()).value).toMatchObject({ state: "connected" });
        await leaving.return?.();
        const next = staying.next();
        await source[Symbol.asyncDispose]();
        expect((await next).value).toMatchObject({ state: "closed" });
        expect((await staying.next()).done).toBe(true);
      });
    });

    if (abilities.includes("outage")) {
      describe("a lost connection", () => {
        it("is told, and its end; the reader gets what comes afterwards, and the gap is told", async () => {
          const { outage } = harness;
          if (outage === undefined) throw new Error("the harness has no outage");
          const reading = start();
          await harness.send(["before"]);
          expect((await reading.next()).value?.notifications.map(text)).toEqual(["before"]);
          const seen: SourceStatus[] = [];
          const watching = (async () => {
            for await (const status of source.status()) {
              seen.push(status);
              if (status.state === "gap") return;
            }
          })();
          const next = reading.next();
          await outage.begin();
          await outage.end();
          await watching;
          await harness.send(["after"]);
          expect((await next).value?.notifications.map(text)).toEqual(["after"]);
          await reading.return?.();
          // A peer that is coming back may refuse a connection or two.
          const states = seen.map(({ state }) => state).filter((state) => state !== "handshake-failed");
          const changes = states.filter((state, i, all) => state !== all[i - 1]);
          expect(changes).toEqual(["connected", "disconnected", "connected", "gap"]);
          expect(seen.at(-1)).toMatchObject({ cause: "reconnect" });
          for (const { detail } of seen) expect(detail).not.toBe("");
        });
      });
    }
  });
}

const decoder = new TextDecoder();
const text = ({ body }: Notification): string => decoder.decode(body);

/** Reads until there are so many, and stops. */
async function take(source: Source, count: number): Promise<readonly Notification[]> {
  const taken: Notification[] = [];
  for await (const batch of source.read({ signal: new AbortController().signal })) {
    taken.push(...batch.notifications);
    batch.ack();
    if (taken.length >= count) break;
  }
  return taken;
}

async function collect(statuses: AsyncIterable<SourceStatus>): Promise<readonly string[]> {
  const states: string[] = [];
  for await (const { state } of statuses) states.push(state);
  return states;
}

/** Lets what was begun get to where it waits: a read that has not begun cannot be parked. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
