import { describe, expect, it } from "vitest";
import { startConsumer } from "./consumer.ts";
import { createTopic, follow, isReal, openProducer, openSource, pause, quick, records, until } from "./helpers.ts";

describe.skipIf(!isReal).each(["range", "cooperative-sticky"])(
  "a group of three that comes and goes (%s)",
  (strategy) => {
    it("loses nothing, and what was acknowledged comes a second time only where members change", async () => {
      const producer = await openProducer();
      const topic = await createTopic(producer, 6);
      const config = {
        "group.id": topic,
        "partition.assignment.strategy": strategy,
        "auto.commit.interval.ms": 200,
        ...quick,
      };
      const total = 30_000;
      const produced = (async () => {
        for (let sent = 0; sent < total; sent += 500) {
          await producer.publish(records(topic, 500, sent));
          await pause(100);
        }
      })();
      const acknowledged = new Map<string, number>();
      const open = () =>
        follow(openSource({ topics: [topic], maxBatch: 100, config }), {
          // A store that takes its time.
          work: async ({ notifications }) => {
            await pause(20);
            for (const { body } of notifications) {
              const text = Buffer.from(body).toString();
              acknowledged.set(text, (acknowledged.get(text) ?? 0) + 1);
            }
          },
        });
      const first = open();
      await until(() => first.bodies.length > 500);
      const second = open();
      await until(() => second.bodies.length > 500);
      const third = open();
      await until(() => third.bodies.length > 500);
      await third.stop();
      await second.stop();
      await produced;
      await until(() => acknowledged.size === total);
      // All is well again once it reads alone, and then it ends.
      await until(() => first.states().at(-1) === "connected");
      await first.stop();
      const again = [...acknowledged.values()].filter((times) => times > 1).length;
      // What was taken and not yet acknowledged when partitions moved: at most a few batches each time.
      expect(again).toBeLessThan(4_000);
      // Nobody says that all is well while others read a part.
      expect(second.states()).toContain("partial");
    });
  },
);

describe.skipIf(!isReal)("a second instance in the group", () => {
  it("is told, on both sides, and the end of it too", async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer, 1);
    const config = { "group.id": topic, ...quick };
    const active = follow(openSource({ topics: [topic], config }));
    await active.says("connected");
    const standBy = follow(openSource({ topics: [topic], config }));
    await until(() => active.states().includes("partial") || standBy.states().includes("partial"));
    const [left, stays] = active.states().includes("partial") ? [standBy, active] : [active, standBy];
    expect(stays.statuses.find(({ state }) => state === "partial")?.detail).toMatch(
      new RegExp(`1 of 1 partitions go to another consumer of the group ${topic}, .* stop the other one`),
    );
    await left.stop();
    await until(() => stays.states().at(-1) === "connected");
    await stays.stop();
  });

  it("that was killed holds its partitions no longer than the session timeout", async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer, 2);
    await producer.publish(records(topic, 10));
    const killed = startConsumer({ topic, killAfterBatches: 1 });
    await killed.ended;
    const next = follow(openSource({ topics: [topic], config: { "group.id": topic, ...quick } }));
    await producer.publish(records(topic, 10, 10));
    await until(() => new Set([...killed.acknowledged, ...next.bodies]).size === 20);
    await next.stop();
  });
});
