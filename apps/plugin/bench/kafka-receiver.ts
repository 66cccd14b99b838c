/**
 * The yardstick: consumes as node-rdkafka does it fastest, parses, and does nothing else. argv: a Kafka source's options as JSON. IPC:
 * { expect } → { ms } from the first record to the last.
 */
import { createRequire } from "node:module";
import type * as NodeRdkafka from "node-rdkafka";

const { KafkaConsumer } = createRequire(import.meta.url)("node-rdkafka") as typeof NodeRdkafka;
const { topics, config } = JSON.parse(process.argv[2] ?? "") as { topics: string[]; config: object };
const consumer = new KafkaConsumer({ ...config, "enable.auto.commit": false }, { "auto.offset.reset": "earliest" });

process.on("message", async ({ expect }: { expect: number }) => {
  consumer.subscribe(topics);
  consumer.setDefaultConsumeTimeout(100);
  let firstMs = 0;
  for (let left = expect; left > 0; ) {
    const records = await new Promise<NodeRdkafka.Message[]>((resolve) =>
      consumer.consume(1_000, (error, messages) => resolve(error ? [] : messages)),
    );
    if (firstMs === 0 && records.length > 0) firstMs = performance.now();
    for (const { value } of records) JSON.parse(value?.toString() ?? "null");
    left -= records.length;
  }
  process.send?.({ ms: performance.now() - firstMs });
});
process.on("disconnect", () => process.exit());
consumer.connect({ timeout: 10_000 }, () => process.send?.({ ready: true }));
