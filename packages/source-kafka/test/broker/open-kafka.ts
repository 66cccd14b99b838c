import { createRequire } from "node:module";
import type * as NodeRdkafka from "node-rdkafka";
import { startKafkaBroker } from "./kafka-broker.ts";

/** What tests talk to. */
export interface KafkaForTests {
  /** `own`: a real broker that was started here; `given`: `$KAFKA_BROKERS`; `mock`: librdkafka's own, which can do less. */
  readonly kind: "own" | "given" | "mock";
  readonly brokers: string;
  /** Of the broker started here: a listener that wants SASL PLAIN. */
  readonly saslBrokers?: string;
}

/** `$KAFKA_BROKERS`, else a real broker, else librdkafka's mock cluster, and then says so in one line. */
export async function openKafka(): Promise<{ readonly kafka: KafkaForTests; close(): Promise<void> }> {
  const given = process.env["KAFKA_BROKERS"];
  if (given) return { kafka: { kind: "given", brokers: given }, close: async () => undefined };
  const started = await startKafkaBroker();
  if (started.ok) {
    const { brokers, saslBrokers, remove } = started.broker;
    return { kafka: { kind: "own", brokers, saslBrokers }, close: remove };
  }
  process.stderr.write(`Kafka tests use librdkafka's mock cluster instead of a broker: ${started.reason}\n`);
  return openMock();
}

/** It lives as long as the producer that makes it. */
async function openMock(): Promise<{ readonly kafka: KafkaForTests; close(): Promise<void> }> {
  const { Producer } = createRequire(import.meta.url)("node-rdkafka") as typeof NodeRdkafka;
  const producer = new Producer({ "test.mock.num.brokers": 1 } as object, {});
  const brokers = await new Promise<string>((resolve, reject) =>
    producer.connect({ timeout: 10_000 }, (error, metadata) => {
      const [broker] = metadata?.brokers ?? [];
      if (error || broker === undefined) reject(new Error(error?.message ?? "no broker"));
      else resolve(`${broker.host}:${broker.port}`);
    }),
  );
  return {
    kafka: { kind: "mock", brokers },
    close: () => new Promise((resolve) => producer.disconnect(1_000, () => resolve())),
  };
}
