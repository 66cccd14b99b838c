import { thorough } from "@tb/misp-core/testing";
import { createRandom } from "@tb/misp-simulator";
import { describe, expect, it } from "vitest";
import { startConsumer } from "./consumer.ts";
import { brokers, createTopic, follow, isReal, openProducer, openSource, quick, records, until } from "./helpers.ts";

describe.skipIf(!isReal)("records", () => {
  it("that were acknowledged are not read again, all others are", async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer);
    const options = { topics: [topic], maxBatch: 10, config: { "group.id": topic } };
    await producer.publish(records(topic, 100).map((record) => ({ ...record, partition: 0 })));

    // Half of it is acknowledged, and the stored offset is committed by the disposal.
    let read = 0;
    const first = follow(openSource(options), {
      work: ({ notifications }) => {
        read += notifications.length;
        return read <= 50;
      },
    });
    await until(() => first.bodies.length === 100);
    await first.stop();
    let acknowledged = 0;
    for (const size of first.batchSizes) {
      if (acknowledged + size > 50) break;
      acknowledged += size;
    }
    expect(acknowledged).toBeGreaterThan(0);

    const second = follow(openSource(options));
    await until(() => second.bodies.length === 100 - acknowledged);
    expect(second.bodies).toEqual(first.bodies.slice(acknowledged));
    await second.stop();
  });

  it("carry the time at which MISP made them, unless that cannot be", async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer);
    const times: number[] = [];
    const since = Date.now();
    const source = follow(openSource({ topics: [topic], config: { "group.id": topic } }), {
      work: ({ notifications }) => void times.push(...notifications.map(({ observedAtMs }) => observedAtMs)),
    });
    const inTwoDays = Date.now() + 2 * 86_400_000;
    await producer.publish([
      { topic, partition: 0, body: "1", timestampMs: 1_795_506_809_733 - 86_400_000 * 30 },
      { topic, partition: 0, body: "2", timestampMs: inTwoDays },
    ]);
    await until(() => times.length === 2);
    expect(times[0]).toBe(1_795_506_809_733 - 86_400_000 * 30);
    expect(times[1]).toBeGreaterThanOrEqual(since);
    expect(times[1]).toBeLessThan(inTwoDays);
    await source.stop();
  });

  it("without a value, of no use or of 5 MB are handed over like all others, and block nothing", async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer);
    const source = follow(openSource({ topics: [topic], config: { "group.id": topic } }));
    const bodies = [null, new Uint8Array([0xff, 0x00]), "x".repeat(5_000_000), "last"];
    const big = { "message.max.bytes": 8_000_000 };
    const bigProducer = await openProducer(brokers, big);
    await bigProducer.publish(bodies.map((body) => ({ topic, partition: 0, body })));
    await until(() => source.bodies.length === bodies.length);
    expect(source.bodies[0]).toBe("");
    expect(source.bodies[2]).toBe(bodies[2]);
    expect(source.bodies[3]).toBe("last");
    await source.stop();
  });
});

describe.skipIf(!isReal)("an index that begins anew", () => {
  const readAll = async (topic: string, fromBeginning: boolean, wanted: number) => {
    const source = follow(openSource({ topics: [topic], fromBeginning, config: { "group.id": topic } }));
    await until(() => source.bodies.length >= wanted);
    await source.stop();
    return source.bodies.length;
  };

  it("is filled from the beginning, whatever its group has read before", async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer, 3);
    await producer.publish(records(topic, 300));
    expect(await readAll(topic, false, 300)).toBe(300);
    expect(await readAll(topic, true, 300)).toBe(300);
    await producer.publish(records(topic, 1));
    expect(await readAll(topic, false, 1)).toBe(1);
  });

  it("and is killed after its first records, goes on where it stopped, and skips none of the rest", async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer, 2);
    await producer.publish(records(topic, 200));
    expect(await readAll(topic, false, 200)).toBe(200);
    // Ten records are read and acknowledged, and the process is gone before their offsets are committed.
    const killed = startConsumer({ topic, fromBeginning: true, maxBatch: 10, killAfterBatches: 1 });
    await killed.ended;
    expect(killed.taken.size).toBeGreaterThan(0);
    const next = follow(openSource({ topics: [topic], config: { "group.id": topic, ...quick } }));
    await until(() => new Set([...killed.taken, ...next.bodies]).size === 200);
    await next.stop();
  });
});

const kills = thorough ? 50 : 8;

it.skipIf(!isReal)(
  `SIGKILL between consume and acknowledgement, ${kills} times: nothing is lost`,
  async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer, 3);
    const random = createRandom(5);
    const done = new Set<string>();
    let sent = 0;
    for (let kill = 0; kill < kills; kill++) {
      const count = 20 + random(200);
      await producer.publish(records(topic, count, sent));
      sent += count;
      const consumer = startConsumer({
        topic,
        maxBatch: 1 + random(50),
        killAfterBatches: random(4),
        beforeAck: random(2) === 0,
      });
      await consumer.ended;
      // What was acknowledged counts as done: it is in the index, and may not be read again.
      for (const body of consumer.acknowledged) done.add(body);
    }
    const last = follow(openSource({ topics: [topic], config: { "group.id": topic, ...quick } }));
    await until(() => new Set([...done, ...last.bodies]).size === sent);
    await last.stop();
  },
  300_000,
);
