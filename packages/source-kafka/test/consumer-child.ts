/** Reads a topic in a process of its own and kills itself, as {@link ConsumerTask} says. Tells its parent what it takes and acknowledges. */
import { createKafkaSource } from "../src/index.ts";
import type { ConsumerTask } from "./consumer.ts";

const task = JSON.parse(process.argv[2] ?? "") as ConsumerTask & { readonly connection: object };
const source = createKafkaSource({
  topics: [task.topic],
  config: { ...task.connection, "group.id": task.topic, "auto.commit.interval.ms": 50 },
  ...(task.fromBeginning === undefined ? {} : { fromBeginning: task.fromBeginning }),
  ...(task.maxBatch === undefined ? {} : { maxBatch: task.maxBatch }),
});
const tell = (message: object) =>
  new Promise<void>((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
const die = () => process.kill(process.pid, "SIGKILL");

let acknowledgements = 0;
for await (const batch of source.read({ signal: new AbortController().signal })) {
  const bodies = batch.notifications.map(({ body }) => Buffer.from(body).toString());
  await tell({ taken: bodies });
  if (task.beforeAck === true && acknowledgements >= task.killAfterBatches) die();
  // As the pipeline does: first it is safe, then it is acknowledged.
  await tell({ acknowledged: bodies });
  batch.ack();
  acknowledgements += 1;
  if (acknowledgements >= task.killAfterBatches) {
    // Sometimes the interval commit comes first, sometimes the kill.
    await new Promise((resolve) => setTimeout(resolve, acknowledgements % 2 === 0 ? 0 : 80));
    if (task.beforeAck !== true) die();
  }
}
