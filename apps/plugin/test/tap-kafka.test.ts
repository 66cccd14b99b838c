import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { createKafkaProducer, type KafkaProducer } from "@tb/misp-simulator";
import { createKafkaSource } from "@tb/source-kafka";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openKafka } from "../../../packages/source-kafka/test/broker/open-kafka.ts";
import { attribute } from "./attribute-message.ts";
import { createCommands, until } from "./command.ts";

const slowMs = 120_000;

let opened: Awaited<ReturnType<typeof openKafka>>;
let producer: KafkaProducer;
beforeAll(async () => {
  opened = await openKafka();
  producer = await createKafkaProducer({ "bootstrap.servers": opened.kafka.brokers });
}, slowMs);
afterAll(async () => {
  await producer[Symbol.asyncDispose]();
  await opened.close();
}, slowMs);

const commands = createCommands("tap-kafka");

const body = (n: number) => attribute(n).body;

/** Reads a group's topic from where it stands, until these have been seen; acknowledges what it reads if asked to. */
async function readAs(
  group: string,
  topic: string,
  wanted: readonly string[],
  acknowledge = false,
): Promise<readonly string[]> {
  await using source = createKafkaSource({
    topics: [topic],
    config: { "bootstrap.servers": opened.kafka.brokers, "group.id": group, "auto.offset.reset": "earliest" },
  });
  const bodies: string[] = [];
  for await (const batch of source.read({ signal: AbortSignal.timeout(slowMs) })) {
    bodies.push(...batch.notifications.map(({ body }) => Buffer.from(body).toString()));
    if (acknowledge) batch.ack();
    if (wanted.every((body) => bodies.includes(body))) break;
  }
  return bodies;
}

describe("tap on Kafka", () => {
  it(
    "shows what comes from now on, in a group of its own, and takes nothing from the program's group",
    async () => {
      const topic = `tap-${randomUUID()}`;
      const group = `group-${randomUUID()}`;
      if (opened.kafka.kind !== "mock") await producer.createTopic(topic, 2);
      await producer.publish([{ topic, body: body(1), partition: 0 }]);
      // The program has read that, and stopped.
      expect(await readAs(group, topic, [body(1)], true)).toEqual([body(1)]);

      commands.configure(
        `plugins: { apps: { misp: { kafka: { topics: [${topic}], config: { bootstrap.servers: "${opened.kafka.brokers}", group.id: ${group} } } } } }`,
      );
      const { child, lines, stderr, closed } = commands.start(["tap", "--explain"]);
      await until(() => /connected: .* as /.test(stderr()));
      // The newest is where a partition stands when it is first fetched, some time after it was assigned.
      let sent = 1;
      while (lines().length === 0) {
        sent += 1;
        await producer.publish([{ topic, body: body(sent), partition: sent % 2 }]);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await until(() => lines().some((line) => line.includes("consumers unknown")));
      expect(lines()[0]).toMatch(new RegExp(`^20\\S+Z ${topic} \\d+ bytes \\{"Attribute"`));
      expect(lines().join("\n")).not.toContain("host-1.example");
      expect(lines().join("\n")).toContain("verdict   announce");

      child.kill("SIGINT");
      expect(await closed).toBe(0);
      expect(readdirSync(commands.path())).toEqual(["config.yaml"]);
      const own = / as (\S+);/.exec(stderr())?.[1] ?? "";
      expect(own).toMatch(new RegExp(`^${group}-tap-`));

      // What came meanwhile is the program's to read, and the group of the tap has no offset to go on from.
      const later = Array.from({ length: sent - 1 }, (_, i) => body(i + 2));
      expect([...(await readAs(group, topic, later))].sort()).toEqual([...later].sort());
      expect(await readAs(own, topic, [body(1)])).toContain(body(1));
    },
    slowMs,
  );
});
