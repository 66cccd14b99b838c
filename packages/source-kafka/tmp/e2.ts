import { createKafkaProducer } from "@tb/misp-simulator";
import { createKafkaSource } from "../src/index.ts";

const brokers = process.argv[2]!;
const log = (...a: unknown[]) => console.log((performance.now() / 1000).toFixed(2), ...a);
const producer = await createKafkaProducer({ "bootstrap.servers": brokers });
const topic = `t${Date.now()}`;
const group = `g${Date.now()}`;
await producer.createTopic(topic, 3);
await producer.publish(Array.from({ length: 10 }, (_, i) => ({ topic, body: `m${i}` })));
log("published 10");
const source = createKafkaSource({ topics: [topic], config: { "bootstrap.servers": brokers, "group.id": group } });
(async () => {
  for await (const s of source.status()) log("status", s.state, s.detail, (s as any).lost ?? "");
})();
let got = 0;
(async () => {
  for await (const b of source.read({ signal: new AbortController().signal })) {
    got += b.notifications.length;
    log("batch", b.notifications.length);
    b.ack();
  }
  log("read ended");
})().catch((e) => log("READ ERR", e));
await new Promise((r) => setTimeout(r, 12000));
await source[Symbol.asyncDispose]();
await producer[Symbol.asyncDispose]();
