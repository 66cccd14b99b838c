import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type * as NodeRdkafka from "node-rdkafka";
import { createKafkaProducer } from "../kafka-producer.ts";

export const kafkaUsage = `Usage: main.ts send [options] [FILE]
       main.ts receive [options]

send produces each line of FILE (default: stdin) as a record: a line of a recording to its own topic, any other to --topic.
receive prints records, one JSON object per line, until Ctrl-C, in a group of its own that commits nothing.

  --brokers HOST:PORT,…    default 127.0.0.1:9092
  --topic TOPIC            send: default misp_attribute
  --topics TOPIC,…         receive: default misp_attribute,misp_tag,misp_event,misp_event_publish
  --from-beginning         receive: all that the broker still has, not only what comes now
  --count N                receive: end after so many
  -X NAME=VALUE            a property of librdkafka, any number of times, such as security.protocol=sasl_ssl
`;

const options = {
  brokers: { type: "string", default: "127.0.0.1:9092" },
  topic: { type: "string", default: "misp_attribute" },
  topics: { type: "string", default: "misp_attribute,misp_tag,misp_event,misp_event_publish" },
  "from-beginning": { type: "boolean", default: false },
  count: { type: "string" },
  property: { type: "string", short: "X", multiple: true, default: [] as string[] },
} as const;

/** The counterpart of Threat Bus' `kafka_sender`. */
export async function send(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [file = "-"] = positionals;
  await using producer = await createKafkaProducer(toConfig(values));
  let sent = 0;
  const input = file === "-" ? process.stdin : createReadStream(file);
  for await (const line of createInterface({ input })) {
    if (line.trim() === "") continue;
    await producer.publish([toRecord(line, values.topic)]);
    sent += 1;
  }
  process.stderr.write(`sent ${sent} ${sent === 1 ? "record" : "records"} to ${values.brokers}\n`);
}

/** What is no recording is sent as it is, JSON or not. */
function toRecord(line: string, topic: string): { readonly topic: string; readonly body: string } {
  try {
    const { topic: recorded, value, body } = JSON.parse(line) as Record<string, unknown>;
    const content = value ?? body;
    if (typeof recorded === "string" && typeof content === "string") return { topic: recorded, body: content };
  } catch {
    // Not JSON: that too must be sendable.
  }
  return { topic, body: line };
}

/** The counterpart of Threat Bus' `kafka_receiver`. */
export async function receive(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options });
  const { KafkaConsumer } = createRequire(import.meta.url)("node-rdkafka") as typeof NodeRdkafka;
  const group = `misp-simulator-${process.pid}-${Date.now()}`;
  const consumer = new KafkaConsumer(
    { ...toConfig(values), "group.id": group, "enable.auto.commit": false },
    { "auto.offset.reset": values["from-beginning"] ? "earliest" : "latest" },
  );
  const left = { count: values.count === undefined ? Number.POSITIVE_INFINITY : Number(values.count) };
  let last = "";
  consumer.on("event.error", ({ message }) => {
    if (message !== last) process.stderr.write(`${message}\n`);
    last = message;
  });
  await new Promise<void>((resolve, reject) => {
    consumer.connect({ timeout: 10_000 }, (error) => (error ? reject(new Error(error.message)) : resolve()));
  });
  consumer.subscribe(values.topics.split(","));
  process.stderr.write(`receiving ${values.topics} from ${values.brokers}\n`);
  consumer.setDefaultConsumeTimeout(200);
  while (left.count > 0) {
    const records = await new Promise<NodeRdkafka.Message[]>((resolve) => {
      consumer.consume(Math.min(left.count, 100), (error, messages) => {
        if (error) process.stderr.write(`${error.message}\n`);
        resolve(error ? [] : messages);
      });
    });
    for (const { topic, partition, offset, timestamp, value } of records) {
      // As JSON, so control characters in it do nothing to a terminal.
      process.stdout.write(
        `${JSON.stringify({ topic, partition, offset, timestamp, value: value?.toString() ?? null })}\n`,
      );
    }
    left.count -= records.length;
  }
  await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
}

function toConfig(values: { readonly brokers: string; readonly property: readonly string[] }): Record<string, string> {
  const properties = values.property.map((property) => property.split(/=(.*)/s).slice(0, 2) as [string, string]);
  return { "bootstrap.servers": values.brokers, ...Object.fromEntries(properties) };
}
