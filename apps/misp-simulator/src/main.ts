import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { type Command, createCommandRunner } from "./cli/commands.ts";
import { kafkaUsage, receive, send } from "./cli/kafka-tools.ts";
import { createOutlet } from "./cli/outlet.ts";
import { createKafkaProducer, type KafkaProducer } from "./kafka-producer.ts";
import { createLoss, type Loss } from "./loss.ts";
import { toKafkaRecord } from "./messages/kafka-record.ts";
import { createMispModel } from "./model.ts";
import { createRandom, createRandomUuid } from "./random/source.ts";
import { exampleKeys } from "./rest/key.ts";
import { createRestServer } from "./rest/rest-server.ts";
import { createZmqPublisher, type Message, type ZmqPublisher } from "./zmq-publisher.ts";

const usage = `Usage: main.ts publish [options]

Binds MISP's ZeroMQ publisher, says {"ready":{"host":…,"port":…}} and takes commands from stdin, one JSON object per line,
each answered by one line. It ends with its stdin, or on SIGTERM.

  --host HOST              default 127.0.0.1
  --port PORT              default 0: any free port
  --username NAME          PLAIN authentication, together with --password
  --password PASSWORD
  --high-water-mark COUNT  default 1000; 0: nothing is dropped
  --kafka HOST:PORT,…      produce to Kafka as well, as MISP does, to its default topics
  --heartbeat-after-ms MS  default 10000; 0: never
  --watch                  know who subscribes (command "subscribed")
  --lose PERCENT           of the ZeroMQ messages, by chance (--seed repeats it)
  --lose-kafka PERCENT     the same for Kafka; each loses by itself
  --seed NUMBER            makes uuids and chance repeatable
  --rest PORT              MISP's REST API too, on the same host; 0: any free port. "ready" then has its url and keys
`;

async function publish(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      host: { type: "string" },
      port: { type: "string" },
      username: { type: "string" },
      password: { type: "string" },
      "high-water-mark": { type: "string" },
      "heartbeat-after-ms": { type: "string" },
      kafka: { type: "string" },
      watch: { type: "boolean" },
      lose: { type: "string" },
      "lose-kafka": { type: "string" },
      seed: { type: "string" },
      rest: { type: "string" },
    },
  });
  const { host, username, password, watch, seed } = values;
  const chance = Number(seed ?? Date.now());
  const lossOf = (percent: string | undefined, offset: number) =>
    createLoss(Number(percent ?? 0) / 100, createRandom(chance + offset));
  const [zmqLoss, kafkaLoss] = [lossOf(values.lose, 1), lossOf(values["lose-kafka"], 2)];
  await using zmq = await createZmqPublisher({
    ...(host !== undefined && { host }),
    port: Number(values.port ?? 0),
    ...(username !== undefined && { credentials: { username, password: password ?? "" } }),
    highWaterMark: Number(values["high-water-mark"] ?? 1000),
    heartbeatAfterMs: Number(values["heartbeat-after-ms"] ?? 10_000),
    watchSubscriptions: watch ?? false,
  });
  const model = createMispModel({
    now: () => Math.floor(Date.now() / 1000),
    uuid: seed === undefined ? randomUUID : createRandomUuid(createRandom(Number(seed))),
  });
  const publisher =
    values.kafka === undefined
      ? lossy(zmq, zmqLoss)
      : withKafka(lossy(zmq, zmqLoss), await createKafkaProducer({ "bootstrap.servers": values.kafka }), kafkaLoss);
  const outlet = createOutlet(publisher);
  const rest =
    values.rest === undefined
      ? undefined
      : await createRestServer(model, {
          ...(host !== undefined && { host }),
          port: Number(values.rest),
          async publish(notifications) {
            outlet.queue.push(notifications);
            await outlet.flush();
          },
        });
  const run = createCommandRunner({ model, publisher, outlet, rest, seed: chance });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      Promise.all([rest?.[Symbol.asyncDispose](), publisher[Symbol.asyncDispose]()]).then(() => process.exit(0));
    });
  }
  const keys = Object.fromEntries(Object.entries(exampleKeys).map(([name, { key }]) => [name, key]));
  await say({ ready: { host: publisher.host, port: publisher.port, ...(rest && { rest: { url: rest.url, keys } }) } });

  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    if (line.trim() === "") continue;
    const command = parse(line);
    await say(
      command === undefined
        ? { ok: false, error: { code: "invalid-command", message: "not JSON" } }
        : await run(command),
    );
  }
}

/** Loses messages on their way to ZeroMQ; frames given as they are arrive. */
function lossy(publisher: ZmqPublisher, loss: Loss): ZmqPublisher {
  return Object.assign(Object.create(publisher) as ZmqPublisher, {
    publish: (messages: readonly Message[]) => publisher.publish(loss.keep(messages)),
  });
}

/** Publishes on both, as a MISP with both switched on does. */
function withKafka(publisher: ZmqPublisher, kafka: KafkaProducer, loss: Loss): ZmqPublisher {
  return Object.assign(Object.create(publisher) as ZmqPublisher, {
    async publish(messages: readonly Message[]) {
      await publisher.publish(messages);
      await kafka.publish(loss.keep(messages).map(toKafkaRecord));
    },
  });
}

function parse(line: string): Command | undefined {
  try {
    const command: unknown = JSON.parse(line);
    return typeof command === "object" && command !== null ? (command as Command) : undefined;
  } catch {
    return undefined;
  }
}

async function say(answer: unknown): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(answer)}\n`)) await once(process.stdout, "drain");
}

if (process.argv[2] === "publish") {
  await publish();
  process.exit(0);
}
const [, , command, ...rest] = process.argv;
if (command === "send" || command === "receive") {
  if (rest.includes("--help")) process.stdout.write(kafkaUsage);
  else await (command === "send" ? send : receive)(rest);
  process.exit(0);
}
process.stderr.write(`${usage}\n${kafkaUsage}`);
process.exit(64);
