import { afterEach, describe, expect, it } from "vitest";
import type { Source } from "../contracts.ts";
import type { NotificationBatch } from "../notification.ts";

/** How the suite gets at an implementation: a source that is connected, and its other end. */
export interface SourceHarness {
  readonly source: Source;
  /** Publishes one message per body. */
  send(bodies: readonly string[]): Promise<void>;
  dispose(): Promise<void>;
}

/** The suite that every {@link Source} runs. */
export function describeSource(name: string, makeHarness: () => Promise<SourceHarness>): void {
  describe(`${name} keeps the contract of a source`, () => {
    const open: SourceHarness[] = [];
    const make = async () => {
      const harness = await makeHarness();
      open.push(harness);
      return harness;
    };
    afterEach(async () => {
      for (const harness of open.splice(0)) await harness.dispose();
    });
    const decoder = new TextDecoder();
    const bodies = (batches: readonly NotificationBatch[]) =>
      batches.flatMap(({ notifications }) => notifications.map(({ body }) => decoder.decode(body)));

    it("yields what was sent, in order, each with a topic and the time it was observed", async () => {
      const { source, send } = await make();
      const controller = new AbortController();
      const wanted = Array.from({ length: 300 }, (_, i) => `message ${i}`);
      await send(wanted);
      const batches: NotificationBatch[] = [];
      for await (const batch of source.read({ signal: controller.signal })) {
        batches.push(batch);
        batch.ack();
        if (bodies(batches).length >= wanted.length) break;
      }
      expect(bodies(batches)).toEqual(wanted);
      for (const { topic, observedAtMs } of batches.flatMap(({ notifications }) => notifications)) {
        expect(topic).not.toBe("");
        expect(observedAtMs).toBeGreaterThan(0);
      }
      controller.abort();
    });

    it("never yields an empty batch", async () => {
      const { source, send } = await make();
      await send(["1", "2"]);
      for await (const { notifications } of source.read({ signal: new AbortController().signal })) {
        expect(notifications.length).toBeGreaterThan(0);
        break;
      }
    });

    it("an abort ends a read that waits", async () => {
      const { source } = await make();
      const controller = new AbortController();
      const reading = source.read({ signal: controller.signal })[Symbol.asyncIterator]().next();
      controller.abort();
      expect((await reading).done).toBe(true);
    });

    it("a read with a signal that has aborted ends at once", async () => {
      const { source } = await make();
      const reading = source.read({ signal: AbortSignal.abort() })[Symbol.asyncIterator]().next();
      expect((await reading).done).toBe(true);
    });

    it("disposal ends a read that waits and every status reader, and can be repeated", async () => {
      const { source } = await make();
      const reading = source.read({ signal: new AbortController().signal })[Symbol.asyncIterator]().next();
      const statuses = [source.status(), source.status()].map(async (statusesOfOne) => {
        const states: string[] = [];
        for await (const { state } of statusesOfOne) states.push(state);
        return states.at(-1);
      });
      await source[Symbol.asyncDispose]();
      await source[Symbol.asyncDispose]();
      expect((await reading).done).toBe(true);
      expect(await Promise.all(statuses)).toEqual(["closed", "closed"]);
    });
  });
}
