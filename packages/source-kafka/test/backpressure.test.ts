import { describe, expect, it } from "vitest";
import { createTopic, follow, isReal, openProducer, openSource, pause, quick, records, until } from "./helpers.ts";

describe("a slow reader", () => {
  it.skipIf(!isReal)(
    "of 100,000 records of 1 kB gets all of them, in bounded memory",
    async () => {
      const producer = await openProducer();
      const topic = await createTopic(producer, 3);
      const total = 100_000;
      const filling = "x".repeat(1_000);
      for (let sent = 0; sent < total; sent += 10_000) {
        await producer.publish(records(topic, 10_000, sent).map((r) => ({ ...r, body: r.body.padEnd(8) + filling })));
      }
      const seen = new Set<number>();
      let peak = 0;
      let before = 0;
      const source = openSource({ topics: [topic], config: { "group.id": topic } });
      const controller = new AbortController();
      for await (const { notifications, ack } of source.read({ signal: controller.signal })) {
        if (before === 0) before = process.memoryUsage.rss();
        for (const { body } of notifications)
          seen.add(Number.parseInt(Buffer.from(body.subarray(0, 8)).toString(), 10));
        await pause(20);
        ack();
        peak = Math.max(peak, process.memoryUsage.rss());
        if (seen.size === total) break;
      }
      expect((peak - before) / 1e6).toBeLessThan(64);
    },
    120_000,
  );

  it.skipIf(!isReal)(
    "that stalls for longer than max.poll.interval.ms stays in its group, and nothing comes twice",
    async () => {
      const producer = await openProducer();
      const topic = await createTopic(producer, 2);
      await producer.publish(records(topic, 4_000));
      let stalled = false;
      const source = follow(
        openSource({
          topics: [topic],
          maxBatch: 500,
          config: { "group.id": topic, "max.poll.interval.ms": 3_000, ...quick },
        }),
        {
          work: async () => {
            if (stalled) return;
            stalled = true;
            await producer.publish(records(topic, 1_000, 4_000));
            await pause(8_000);
          },
        },
      );
      await until(() => source.bodies.length >= 5_000);
      expect(new Set(source.bodies).size).toBe(5_000);
      expect(source.bodies).toHaveLength(5_000);
      expect(source.states()).toEqual(["disconnected", "connected"]);
      await source.stop();
    },
  );

  it("does not hold up a disposal", async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer);
    await producer.publish(records(topic, 5_000));
    const source = openSource({ topics: [topic], config: { "group.id": topic } });
    const reading = source.read({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    await reading.next();
    // Long enough for fetching to be paused.
    await pause(2_000);
    const since = performance.now();
    await source[Symbol.asyncDispose]();
    expect(performance.now() - since).toBeLessThan(3_000);
    expect((await reading.next()).done).toBe(true);
  });
});

describe("a quick reader", () => {
  it("gets a record as soon as it comes, however long a poll may wait", async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer);
    await producer.publish(records(topic, 1));
    const source = follow(openSource({ topics: [topic], pollIntervalMs: 1_000, config: { "group.id": topic } }));
    await until(() => source.bodies.length === 1);
    const delays: number[] = [];
    for (let sent = 1; sent <= 10; sent++) {
      const since = performance.now();
      await producer.publish([{ topic, partition: 0, body: String(sent) }]);
      await until(() => source.bodies.length === sent + 1);
      delays.push(performance.now() - since);
    }
    expect(delays.sort((a, b) => a - b)[5]).toBeLessThan(250);
    await source.stop();
  });
});
