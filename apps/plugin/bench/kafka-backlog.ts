import { createKafkaProducer } from "@tb/misp-simulator";
import { startKafkaBroker } from "../../../packages/source-kafka/test/broker/kafka-broker.ts";
import { attributeMessage } from "./messages.ts";

const topic = "misp_attribute";

/** A broker of the benchmark's own that holds so many records of new attributes, on one partition. */
export async function openBacklog(count: number) {
  const started = await startKafkaBroker();
  if (!started.ok) throw new Error(started.reason);
  const { brokers, remove } = started.broker;
  const producer = await createKafkaProducer({ "bootstrap.servers": brokers, "linger.ms": 20 });
  await producer.createTopic(topic, 1);
  for (let sent = 0; sent < count; sent += 10_000) {
    const records = Array.from({ length: Math.min(10_000, count - sent) }, (_, i) => {
      const frame = attributeMessage("add", sent + i + 1, "backlog");
      return { topic, partition: 0, body: frame.slice(frame.indexOf(" ") + 1) };
    });
    await producer.publish(records);
  }
  await producer[Symbol.asyncDispose]();
  return {
    /** Of a source in a group of its own, as JSON. */
    options: (group: string): string =>
      JSON.stringify({ topics: [topic], config: { "bootstrap.servers": brokers, "group.id": group } }),
    [Symbol.asyncDispose]: remove,
  };
}
