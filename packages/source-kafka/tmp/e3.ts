import { createKafkaProducer } from "@tb/misp-simulator";
import { createKafkaSource } from "../src/index.ts";
import { startKafkaBroker } from "../test/broker/kafka-broker.ts";

const outageS = Number(process.argv[2]);
const how = process.argv[3] as "kill" | "stop";
const session = process.argv[4];
const log = (...a: unknown[]) => console.log((performance.now() / 1000).toFixed(2), ...a);
const s = await startKafkaBroker();
if (!s.ok) throw new Error(s.reason);
const { broker } = s;
const brokers = broker.brokers;
let producer = await createKafkaProducer({ "bootstrap.servers": brokers });
const topic = `t`;
await producer.createTopic(topic, 3);
const source = createKafkaSource({
  topics: [topic],
  config: {
    "bootstrap.servers": brokers,
    "group.id": "g",
    ...(session ? { "session.timeout.ms": Number(session) } : {}),
  },
});
(async () => {
  for await (const s of source.status()) log("status", s.state, s.detail, (s as any).lost ?? "");
})();
const got = new Set<string>();
(async () => {
  for await (const b of source.read({ signal: new AbortController().signal })) {
    for (const n of b.notifications) got.add(Buffer.from(n.body).toString());
    b.ack();
  }
  log("read ended");
})().catch((e) => log("READ ERR", e));
await producer.publish(Array.from({ length: 10 }, (_, i) => ({ topic, body: `m${i}` })));
while (got.size < 10) await new Promise((r) => setTimeout(r, 50));
log("got 10");
await broker[how]();
log("broker", how);
await new Promise((r) => setTimeout(r, outageS * 1000));
await broker.start();
log("broker up");
await producer[Symbol.asyncDispose]();
producer = await createKafkaProducer({ "bootstrap.servers": brokers });
await producer.publish(Array.from({ length: 10 }, (_, i) => ({ topic, body: `n${i}` })));
log("published");
const since = performance.now();
while (got.size < 20 && performance.now() - since < 120_000) await new Promise((r) => setTimeout(r, 50));
log("got", got.size, "after", ((performance.now() - since) / 1000).toFixed(1));
const t = performance.now();
await broker.kill();
await source[Symbol.asyncDispose]();
log("disposed with broker down", performance.now() - t);
await broker.remove();
log("exit");
process.exit(0);
