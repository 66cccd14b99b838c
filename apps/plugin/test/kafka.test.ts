import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { thorough } from "@tb/misp-core/testing";
import {
  createCountingUuid,
  createKafkaProducer,
  createMispModel,
  createRandom,
  type KafkaProducer,
  kafkaTopics,
  randomAction,
  toKafkaRecord,
  topics,
} from "@tb/misp-simulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type KafkaForTests, openKafka } from "../../../packages/source-kafka/test/broker/open-kafka.ts";
import { attribute } from "./attribute-message.ts";
import { type Command, createCommands, until } from "./command.ts";
import { type Consumers, createConsumers } from "./consumers.ts";
import { describeDifferences, expectedIndicators } from "./expected.ts";
import { killItems } from "./kill-steps.ts";

const simulator = fileURLToPath(new URL("../../misp-simulator/src/main.ts", import.meta.url));
const partitions = 3;

const wanted = [topics.attribute, topics.tag, topics.event, topics.publish].map((topic) => kafkaTopics[topic]);

let kafka: KafkaForTests;
let close: () => Promise<void>;
let producer: KafkaProducer;
beforeAll(async () => {
  ({ kafka, close } = await openKafka());
  producer = await createKafkaProducer({ "bootstrap.servers": kafka.brokers });
  if (kafka.kind !== "mock")
    for (const topic of Object.values(kafkaTopics)) await producer.createTopic(topic, partitions);
}, 400_000);
afterAll(async () => {
  await producer[Symbol.asyncDispose]();
  await close();
});

/** Begins the names of topics and group: what other tests sent is none of this one's business. */
let prefix: string;
const commands = createCommands("kafka-program");
beforeEach(async () => {
  prefix = `${randomUUID()}-`;
  if (kafka.kind !== "mock")
    for (const topic of Object.values(kafkaTopics)) await producer.createTopic(prefix + topic, partitions);
});

/** The program over Kafka, in a group that forgets a member after a second. */
function start(
  options: {
    readonly filter?: string;
    readonly config?: string;
    readonly state?: string;
    readonly command?: string;
    readonly consumers?: Consumers;
  } = {},
) {
  const config = [
    `bootstrap.servers: '${kafka.brokers}'`,
    `group.id: ${prefix}program`,
    "session.timeout.ms: 1000",
    "heartbeat.interval.ms: 200",
    ...(options.config === undefined ? [] : [options.config]),
  ];
  commands.configure(
    `plugins: { apps: { misp: { kafka: { topics: [${wanted.map((topic) => prefix + topic).join(", ")}], poll_interval: 100ms, config: { ${config.join(", ")} } }${
      options.filter === undefined ? "" : `, filter: ${options.filter}`
    } } } }\nstate: { path: ${options.state ?? "state"} }\n`,
  );
  const consumers = options.consumers ?? createConsumers();
  const command = commands.start([options.command ?? "run"], { read: false });
  return { ...command, consumers, fed: feed(command, consumers) };
}

async function feed({ child }: Command, consumers: Consumers): Promise<void> {
  for await (const line of createInterface({ input: child.stdout })) {
    try {
      consumers.receive([JSON.parse(line)]);
    } catch (error) {
      // The kill can cut the last line.
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
}

async function tool(...parameters: readonly string[]): Promise<Command> {
  const command = commands.start(parameters, { file: simulator });
  await command.closed;
  return command;
}

describe("over Kafka", () => {
  it("add, edit and delete of one attribute on three partitions, in every order: the newest record decides", async () => {
    const program = start();
    await until(() => program.stderr().includes("connected: "));
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    const now = Date.now();
    const timestamp = String(Math.floor(now / 1000));
    const record = (id: number, position: number, action: string, part: object, atMs: number) => ({
      topic: prefix + kafkaTopics[topics.attribute],
      partition: position,
      timestampMs: atMs,
      body: attribute(id, action, { timestamp, ...part }).body,
    });
    for (const [i, order] of orders.entries()) {
      // Deleted in the end: for good in the first six, softly and restored with the same MISP timestamp in the others.
      const gone = ["add", "edit", "delete"].map((action, k) =>
        record(1_000 + i, k, action, action === "edit" ? { comment: "edited" } : {}, now + k),
      );
      const back = [
        record(2_000 + i, 0, "add", {}, now),
        record(2_000 + i, 1, "soft-delete", { deleted: true }, now + 1),
        record(2_000 + i, 2, "edit", { deleted: false, comment: "restored" }, now + 2),
      ];
      for (const k of order) {
        const [first, second] = [gone[k], back[k]];
        if (first === undefined || second === undefined) throw new Error("no such record");
        await producer.publish([first]);
        await producer.publish([second]);
      }
    }
    // What is held in the end is held before the last record of the last order came: so each partition ends with one that shows.
    const last = Array.from({ length: partitions }, (_, position) =>
      record(3_000 + position, position, "add", { comment: "last" }, now + 3),
    );
    await producer.publish(last);
    const held = () =>
      [...program.consumers.byId.values()].map((object) => `${object["name"]} ${object["description"]}`).sort();
    const wanted = [
      ...orders.map((_, i) => `host-${2_000 + i}.example restored`),
      ...last.map((_, position) => `host-${3_000 + position}.example last`),
    ].sort();
    await until(() => JSON.stringify(held()) === JSON.stringify(wanted));
    await program.stop();
    expect(program.stderr()).toContain(`received ${6 * orders.length + partitions}`);
    expect(held()).toEqual(wanted);
  }, 60_000);

  const kills = thorough ? 50 : 6;
  const filter = JSON.stringify({ any: killItems });

  it(`SIGKILL ${kills} times, records on any partition: nothing is missing and nothing stale`, async () => {
    let seconds = 1_800_000_000;
    const random = createRandom(Number(process.env["KILL_SEED"] ?? 20_261_124));
    const model = createMispModel({ now: () => seconds, uuid: createCountingUuid() });
    const consumers = createConsumers();
    let last = Date.now();
    const act = async (actions: number) => {
      for (let i = 0; i < actions; i++) {
        if (random(3) === 0) seconds += 1;
        for (const notification of randomAction(model, random, { attributes: 40 }).notifications) {
          // As a clock that never stands still: MISP makes one record after the other.
          last = Math.max(Date.now(), last + 1);
          const { topic, body } = toKafkaRecord(notification);
          await producer.publish([{ topic: prefix + topic, body, timestampMs: last, partition: random(partitions) }]);
        }
      }
    };
    for (let kill = 0; kill < kills; kill++) {
      const { child, closed, fed } = start({ filter, consumers });
      const busy = act(10 + random(20));
      setTimeout(() => child.kill("SIGKILL"), 700 + random(2_500));
      await Promise.all([closed, busy]);
      await fed;
      await act(random(5));
    }
    model.addEvent({ info: "the last one" });
    const program = start({ filter, consumers });
    const expected = expectedIndicators(model, killItems);
    const differences = () => describeDifferences(consumers.byId, consumers.byPattern, expected);
    expect(expected.size).toBeGreaterThan(2);
    await until(() => differences().length === 0 && program.stderr().includes("connected: "));
    await program.stop();
    expect(differences()).toEqual([]);
  }, 900_000);

  it("records that cannot be read are counted and block nothing, and a restart does not read them again", async () => {
    const topic = `${prefix}misp_attribute`;
    const first = start();
    const bodies = [null, "not JSON", attribute(5).body];
    await producer.publish(bodies.map((body) => ({ topic, partition: 0, body })));
    await until(() => first.consumers.byId.size === 1);
    await first.stop();
    expect(first.stderr()).toMatch(/in all: received 3, announced 1, removed 0, withheld 0, refused 2 \(/);
    const second = start();
    await until(() => second.stderr().includes("connected: "));
    await producer.publish([{ topic, partition: 0, body: "not JSON either" }]);
    await until(() => second.stderr().includes("could not be read"));
    await second.stop();
    expect(second.stderr()).toContain("in all: received 1,");
  }, 60_000);

  it.skipIf(process.env["KAFKA_BROKERS"])(
    "a second instance with its own index says that it is not ready",
    async () => {
      const first = start({ state: "one" });
      await until(() => first.stderr().includes("connected: "));
      const second = start({ state: "two" });
      await until(() =>
        /not ready: .* partitions go to another consumer of the group/.test(first.stderr() + second.stderr()),
      );
      for (const { child } of [first, second]) child.kill("SIGTERM");
      expect(await first.closed).toBe(0);
      expect(await second.closed).toBe(0);
    },
    60_000,
  );

  it("what is sent and received with the simulator's commands arrives", async () => {
    const program = start();
    await until(() => program.stderr().includes("connected: "));
    commands.write("message.json", `${attribute(77).body}\n`);
    const sent = await tool("send", "--brokers", kafka.brokers, "--topic", `${prefix}misp_attribute`, "message.json");
    expect(sent.stderr()).toContain("sent 1 record to");
    await until(() => [...program.consumers.byId.values()].some((object) => object["name"] === "host-77.example"));
    const received = await tool(
      "receive",
      "--brokers",
      kafka.brokers,
      "--topics",
      `${prefix}misp_attribute`,
      "--from-beginning",
      "--count",
      "1",
    );
    expect(JSON.parse(received.stdout())).toMatchObject({
      topic: `${prefix}misp_attribute`,
      partition: expect.any(Number),
    });
    await program.stop();
  }, 60_000);

  it.each([
    ["no.such.property: 1", /kafka: .*No such configuration property: "no\.such\.property"/],
    [
      "enable.auto.offset.store: true",
      /kafka: enable\.auto\.offset\.store must not be true: a record would count as read/,
    ],
    ["ssl.key.password: []", /ssl\.key\.password is a list/],
  ])("%s is refused at start and by check, with its name and exit code 78", async (config, text) => {
    for (const command of ["check", "run"]) {
      const { closed, stderr } = start({ config, command });
      expect(await closed).toBe(78);
      expect(stderr()).toMatch(text);
    }
  });

  it("what librdkafka refuses only when a client is made ends the program with 78, too", async () => {
    const { closed, stderr } = start({ config: "security.protocol: ssl, ssl.ca.location: /no/such/ca.pem" });
    expect(await closed).toBe(78);
    expect(stderr()).toContain("ssl.ca.location failed");
  });
});
