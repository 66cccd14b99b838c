import { describe, expect, it } from "vitest";
import { saslUser } from "./broker/kafka-broker.ts";
import {
  brokers,
  createTopic,
  follow,
  isReal,
  newName,
  openProducer,
  openSource,
  pause,
  quick,
  records,
  saslBrokers,
  until,
} from "./helpers.ts";

describe.skipIf(!isReal)("a topic that does not exist", () => {
  it("is reported once, holds up no other, and is read as soon as it is created", async () => {
    const producer = await openProducer();
    const [present, late] = [await createTopic(producer), newName()];
    const source = follow(
      openSource({
        topics: [present, late],
        config: { "group.id": present, "topic.metadata.refresh.interval.ms": 300, ...quick },
      }),
    );
    await source.says("partial", `topic ${late} does not exist`);
    await producer.publish(records(present, 3));
    await until(() => source.bodies.length === 3);
    // Long enough for librdkafka to notice it again and again.
    await producer.publish(records(present, 3));
    await until(() => source.bodies.length === 6);
    await producer.createTopic(late, 2);
    await producer.publish(records(late, 10));
    await until(() => source.bodies.length === 16);
    await source.says("connected");
    expect(source.states()).toEqual(["disconnected", "partial", "connected"]);
    expect(source.statuses).toHaveLength(3);
    await source.stop();
  });
});

describe.skipIf(!isReal)("partitions that are added", () => {
  it("are read, too", async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer, 1);
    const source = follow(
      openSource({
        topics: [topic],
        config: { "group.id": topic, "topic.metadata.refresh.interval.ms": 300, ...quick },
      }),
    );
    await source.says("connected");
    await producer.addPartitions(topic, 3);
    await producer.publish([0, 1, 2].map((partition) => ({ topic, partition, body: String(partition) })));
    await until(() => source.bodies.length === 3);
    await source.stop();
  });
});

describe.skipIf(!isReal)("records that the broker dropped before they were read", () => {
  it("are reported as a gap, with their number", async () => {
    const producer = await openProducer();
    const topic = newName();
    // Kafka removes whole files of a megabyte: three records each.
    await producer.createTopic(topic, 1, { "segment.bytes": "1048576", "retention.bytes": "1048576" });
    const big = (from: number, count: number) =>
      records(topic, count, from).map(({ body, ...record }) => ({ ...record, body: body.padEnd(300_000) }));
    await producer.publish(big(0, 1));
    const config = { "group.id": topic };
    const first = follow(openSource({ topics: [topic], config }));
    await until(() => first.bodies.length === 1);
    await first.stop();
    for (let sent = 1; sent < 20; sent++) await producer.publish(big(sent, 1));
    let oldest = 0;
    while (oldest < 10) oldest = await producer.oldestOffset(topic, 0);
    const second = follow(openSource({ topics: [topic], config }));
    await until(() => second.bodies.length === 20 - oldest);
    expect(second.statuses.find(({ state }) => state === "gap")).toMatchObject({
      cause: "retention",
      lost: oldest - 1,
      detail: expect.stringContaining(`${topic}/0`),
    });
    expect(second.bodies[0]?.trim()).toBe(String(oldest));
    await second.stop();
  });
});

describe.skipIf(saslBrokers === undefined)("a broker that wants a user and a password", () => {
  const config = (password: string) => ({
    "bootstrap.servers": saslBrokers,
    "security.protocol": "sasl_plaintext",
    "sasl.mechanism": "PLAIN",
    "sasl.username": saslUser.username,
    "sasl.password": password,
  });

  it("is read with them", async () => {
    const producer = await openProducer();
    const topic = await createTopic(producer);
    await producer.publish(records(topic, 3));
    const source = follow(openSource({ topics: [topic], config: { "group.id": topic, ...config(saslUser.password) } }));
    await until(() => source.bodies.length === 3);
    await source.stop();
  });

  it("refuses others, which is told, without the password", async () => {
    const source = follow(openSource({ topics: ["any"], config: config("wrong-secret") }));
    await source.says("handshake-failed", "Invalid username or password");
    // What librdkafka says after each refusal tells less.
    await pause(2_000);
    expect(source.states()).toEqual(["disconnected", "handshake-failed"]);
    expect(JSON.stringify(source.statuses)).not.toContain("wrong-secret");
    await source.stop();
  });

  it("is told from one that wants none", async () => {
    const source = follow(openSource({ topics: ["any"], config: { ...config("x"), "bootstrap.servers": brokers } }));
    await source.says("handshake-failed");
    await source.stop();
  });
});
