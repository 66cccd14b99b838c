import { createRequire } from "node:module";
import type * as NodeRdkafka from "node-rdkafka";

/** A record for Kafka. */
interface KafkaMessage {
  readonly topic: string;
  readonly body: string | Uint8Array | null;
  /** @default now, as MISP's producer (CreateTime) */
  readonly timestampMs?: number;
  /** @default any, as MISP's: its records have no key, so each may go to another partition */
  readonly partition?: number;
}

/** Produces as MISP does, except that it waits until each record is delivered: MISP's own producer loses some. */
export interface KafkaProducer extends AsyncDisposable {
  /** Makes a topic, with Kafka's settings for topics; one that exists is left as it is. */
  createTopic(name: string, partitions: number, settings?: Readonly<Record<string, string>>): Promise<void>;
  /** So many it has then in all. */
  addPartitions(topic: string, partitions: number): Promise<void>;
  /** The oldest record that the broker still has. */
  oldestOffset(topic: string, partition: number): Promise<number>;
  /** Resolves when the brokers have all of them. */
  publish(messages: readonly KafkaMessage[]): Promise<void>;
}

/** ERR__QUEUE_FULL, and a topic that exists already. */
const [queueFull, topicExists] = [-184, 36];

/**
 * Connects a producer.
 *
 * @param config properties of librdkafka; `bootstrap.servers` is needed
 * @throws what librdkafka says when no broker answers in 10 s
 */
export async function createKafkaProducer(
  config: Readonly<Record<string, string | number | boolean>>,
): Promise<KafkaProducer> {
  // Not imported: the demo runs where node-rdkafka was never built.
  const { AdminClient, Producer } = createRequire(import.meta.url)("node-rdkafka") as typeof NodeRdkafka;
  const producer = new Producer({ "linger.ms": 0, ...config, dr_cb: true }, {});
  await new Promise<void>((resolve, reject) => {
    producer.connect({ timeout: 10_000 }, (error) => (error ? reject(new Error(error.message)) : resolve()));
  });
  producer.setPollInterval(5);

  let waiting = 0;
  let failed: Error | undefined;
  let settled: (() => void) | undefined;
  producer.on("delivery-report", (error) => {
    if (error) failed ??= new Error(error.message);
    waiting -= 1;
    if (waiting === 0) settled?.();
  });

  const hand = async ({ topic, body, partition, timestampMs }: KafkaMessage) => {
    const value = body === null ? null : Buffer.from(body);
    for (;;) {
      try {
        producer.produce(topic, partition ?? null, value, null, timestampMs ?? Date.now());
        waiting += 1;
        return;
      } catch (error) {
        if ((error as { readonly code?: unknown }).code !== queueFull) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };

  type Done = (error: { readonly message: string } | undefined) => void;
  const administer = (work: (admin: NodeRdkafka.IAdminClient, done: Done) => void) => {
    const admin = AdminClient.create(config);
    return new Promise<void>((resolve, reject) => {
      work(admin, (error) => {
        admin.disconnect();
        if (error) reject(new Error(error.message));
        else resolve();
      });
    });
  };

  return {
    createTopic: (name, partitions, settings = {}) =>
      administer((admin, done) => {
        const topic = { topic: name, num_partitions: partitions, replication_factor: 1, config: { ...settings } };
        admin.createTopic(topic, 30_000, (error) => done(error?.code === topicExists ? undefined : error));
      }),
    addPartitions: (topic, partitions) =>
      administer((admin, done) => admin.createPartitions(topic, partitions, 30_000, done)),
    oldestOffset: (topic, partition) =>
      new Promise((resolve, reject) => {
        producer.queryWatermarkOffsets(topic, partition, 10_000, (error, offsets) => {
          if (error) reject(new Error(error.message));
          else resolve(offsets.lowOffset);
        });
      }),
    async publish(messages) {
      const delivered = new Promise<void>((resolve) => (settled = resolve));
      // What is delivered meanwhile must not look like the end.
      waiting += 1;
      try {
        for (const message of messages) await hand(message);
      } finally {
        waiting -= 1;
      }
      if (waiting > 0) await delivered;
      const error = failed;
      failed = undefined;
      if (error !== undefined) throw error;
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => producer.disconnect(3_000, () => resolve()));
    },
  };
}
