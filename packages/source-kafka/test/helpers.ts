import { randomUUID } from "node:crypto";
import type { NotificationBatch, Source, SourceStatus } from "@tb/misp-core";
import { createKafkaProducer, type KafkaProducer } from "@tb/misp-simulator";
import { inject, onTestFinished } from "vitest";
import { createKafkaSource, type KafkaSourceOptions } from "../src/index.ts";

export const { kind, brokers, saslBrokers } = inject("kafka");
/** The mock cluster has no admin interface, no authentication and no retention, and is slow at fetching and at groups. */
export const isReal: boolean = kind !== "mock";

/** A producer, gone when the test is over. */
export async function openProducer(
  to: string = brokers,
  config: Readonly<Record<string, string | number | boolean>> = {},
): Promise<KafkaProducer> {
  const producer = await createKafkaProducer({ "bootstrap.servers": to, ...config });
  onTestFinished(() => Promise.resolve(producer[Symbol.asyncDispose]()));
  return producer;
}

/** A topic of the test's own. The mock cluster makes one when it is written to, with four partitions. */
export async function createTopic(producer: KafkaProducer, partitions = 1): Promise<string> {
  const topic = newName();
  if (isReal) await producer.createTopic(topic, partitions);
  return topic;
}

export const newName = (): string => `test-${randomUUID()}`;

/** Numbered records, as many as wanted. */
export const records = (topic: string, count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ topic, body: String(from + i) }));

/** The mock cluster answers a fetch only when its longest wait is over. */
export const connection: Readonly<Record<string, string | number>> = {
  "bootstrap.servers": brokers,
  ...(isReal ? {} : { "fetch.wait.max.ms": 10 }),
};

/** A quick group: a member that vanished is forgotten after a second. */
export const quick = { "session.timeout.ms": 1_000, "heartbeat.interval.ms": 200 };

export function openSource(options: Omit<KafkaSourceOptions, "config"> & { readonly config?: object }): Source {
  const source = createKafkaSource({ ...options, config: { ...connection, ...options.config } });
  onTestFinished(() => Promise.resolve(source[Symbol.asyncDispose]()));
  return source;
}

export interface FollowOptions {
  /** Called with each batch, and awaited, before it is acknowledged; false: it never is. */
  readonly work?: (batch: NotificationBatch) => Promise<boolean | undefined> | boolean | undefined;
}

/** Everything that a source says and brings, as it comes; each batch is acknowledged once `work` is done. */
export function follow(source: Source, { work }: FollowOptions = {}) {
  const statuses: SourceStatus[] = [];
  const bodies: string[] = [];
  const batchSizes: number[] = [];
  const controller = new AbortController();
  const reading = (async () => {
    for await (const batch of source.read({ signal: controller.signal })) {
      batchSizes.push(batch.notifications.length);
      for (const { body } of batch.notifications) bodies.push(Buffer.from(body).toString());
      if ((await work?.(batch)) !== false) batch.ack();
    }
  })();
  void (async () => {
    for await (const status of source.status()) statuses.push(status);
  })();
  return {
    statuses,
    bodies,
    batchSizes,
    states: () => statuses.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1]),
    says: (state: SourceStatus["state"], text = "") =>
      until(() => statuses.some((status) => status.state === state && status.detail.includes(text))),
    /** Stops reading and disposes of the source. */
    async stop() {
      controller.abort();
      await reading;
      await source[Symbol.asyncDispose]();
    },
  };
}

/** Waits until a condition holds; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
