import { describeSource } from "@tb/misp-core/testing";
import { createKafkaProducer } from "@tb/misp-simulator";
import { createKafkaSource } from "../src/index.ts";
import { brokers, connection, isReal, newName } from "./helpers.ts";

describeSource("a Kafka source", async () => {
  const producer = await createKafkaProducer({ "bootstrap.servers": brokers });
  const topic = newName();
  if (isReal) await producer.createTopic(topic, 1);
  const config = { ...connection, "group.id": topic };
  const source = createKafkaSource({ topics: [topic], pollIntervalMs: 50, config });
  return {
    source,
    send: (bodies) => producer.publish(bodies.map((body) => ({ topic, body, partition: 0 }))),
    async dispose() {
      await source[Symbol.asyncDispose]();
      await producer[Symbol.asyncDispose]();
    },
  };
});
