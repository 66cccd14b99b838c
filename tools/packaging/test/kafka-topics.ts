import { randomUUID } from "node:crypto";
import { createKafkaProducer, kafkaTopics, type ModelNotification, toKafkaRecord, topics } from "@tb/misp-simulator";
import { openKafka } from "../../../packages/source-kafka/test/broker/open-kafka.ts";

const wanted = [topics.attribute, topics.tag, topics.event, topics.publish].map((topic) => kafkaTopics[topic]);

export interface KafkaTopics {
  readonly brokers: string;
  /** MISP's default topics, with this before each name. */
  createTopics(prefix: string): Promise<void>;
  /** What stands under `misp` in a configuration: topics and group that nothing else uses, new with each call. */
  configuration(): Promise<string>;
  /** As MISP: to the topics of the last configuration. */
  publish(notifications: readonly ModelNotification[]): Promise<void>;
  close(): Promise<void>;
}

/** A broker as the Kafka tests have it, with MISP on it. */
export async function openKafkaTopics(): Promise<KafkaTopics> {
  const { kafka, close } = await openKafka();
  const producer = await createKafkaProducer({ "bootstrap.servers": kafka.brokers });
  let prefix = "";
  const createTopics = async (before: string) => {
    // The mock cluster makes a topic when it is written to.
    if (kafka.kind === "mock") return;
    for (const topic of wanted) await producer.createTopic(before + topic, 1);
  };
  return {
    brokers: kafka.brokers,
    createTopics,
    async configuration() {
      prefix = `${randomUUID()}-`;
      await createTopics(prefix);
      const config = `bootstrap.servers: '${kafka.brokers}', group.id: ${prefix}program`;
      return `kafka: { topics: [${wanted.map((topic) => prefix + topic).join(", ")}], config: { ${config} } }`;
    },
    async publish(notifications) {
      const records = notifications.map(toKafkaRecord);
      await producer.publish(records.map((record) => ({ ...record, topic: prefix + record.topic })));
    },
    async close() {
      await producer[Symbol.asyncDispose]();
      await close();
    },
  };
}
