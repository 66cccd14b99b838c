import { thorough } from "@tb/misp-core/testing";
import { createKafkaProducer } from "@tb/misp-simulator";
import { describe, expect, it, onTestFinished } from "vitest";
import { type KafkaBroker, startKafkaBroker } from "./broker/kafka-broker.ts";
import { follow, kind, openSource, pause, records, until } from "./helpers.ts";

/** A broker of the test's own, since it is stopped and killed. */
async function openBroker(): Promise<KafkaBroker> {
  const started = await startKafkaBroker();
  if (!started.ok) throw new Error(started.reason);
  onTestFinished(() => started.broker.remove());
  return started.broker;
}

async function publish(broker: KafkaBroker, count: number, from: number): Promise<void> {
  const producer = await createKafkaProducer({ "bootstrap.servers": broker.brokers });
  await producer.createTopic("misp", 3);
  await producer.publish(records("misp", count, from));
  await producer[Symbol.asyncDispose]();
}

const open = (broker: KafkaBroker, config: object = {}) =>
  follow(openSource({ topics: ["misp"], config: { "bootstrap.servers": broker.brokers, "group.id": "g", ...config } }));

describe.skipIf(kind !== "own")("a broker", () => {
  it("that is down at start is found when it comes, killed and started again, and everything is read", async () => {
    const broker = await openBroker();
    await publish(broker, 10, 0);
    await broker.kill();
    const source = open(broker);
    await source.says("disconnected", "Connection refused");
    await broker.start();
    await until(() => new Set(source.bodies).size === 10);
    await broker.kill();
    await until(() => source.states().at(-1) === "disconnected");
    await broker.start();
    await publish(broker, 10, 10);
    await until(() => new Set(source.bodies).size === 20);
    await until(() => source.states().at(-1) === "connected");
    expect(source.states()).toEqual(["disconnected", "connected", "disconnected", "connected"]);
    await source.stop();
  }, 180_000);

  // The client comes back as a new member then, and the group waits for the old one.
  it("that is away for longer than the session timeout is read again once that has passed", async () => {
    const broker = await openBroker();
    await publish(broker, 10, 0);
    const sessionMs = thorough ? 10_000 : 3_000;
    const source = open(broker, { "session.timeout.ms": sessionMs, "heartbeat.interval.ms": 500 });
    await until(() => new Set(source.bodies).size === 10);
    await broker.stop();
    await pause(2 * sessionMs);
    await broker.start();
    await publish(broker, 10, 10);
    await until(() => new Set(source.bodies).size === 20);
    await source.stop();
  }, 180_000);

  it("that is down does not hold up the end", async () => {
    const broker = await openBroker();
    await publish(broker, 10, 0);
    const source = open(broker);
    await until(() => source.bodies.length === 10);
    await broker.kill();
    const since = performance.now();
    await source.stop();
    expect(performance.now() - since).toBeLessThan(4_000);
  }, 180_000);
});
