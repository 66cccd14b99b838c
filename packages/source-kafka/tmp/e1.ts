import { createKafkaProducer } from "@tb/misp-simulator";
import { createKafkaSource } from "../src/index.ts";

const brokers = process.argv[2]!;
const log = (...a: unknown[]) => console.log((performance.now() / 1000).toFixed(2), ...a);
const producer = await createKafkaProducer({ "bootstrap.servers": brokers });
const topic = `t${Date.now()}`;
const group = `g${Date.now()}`;
const source = createKafkaSource({ topics: [topic], config: { "bootstrap.servers": brokers, "group.id": group } });
(async () => {
  for await (const s of source.status()) log("status", s.state, s.detail, (s as any).lost ?? "");
})();
let got = 0;
(async () => {
  for await (const b of source.read({ signal: new AbortController().signal })) {
    got += b.notifications.length;
    b.ack();
  }
  log("read ended");
})().catch((e) => log("READ ERR", e));
await new Promise((r) => setTimeout(r, 3000));
log("create topic");
await producer.createTopic(topic, 3);
await producer.publish(Array.from({ length: 10 }, (_, i) => ({ topic, body: `m${i}` })));
log("published 10");
while (got < 10) await new Promise((r) => setTimeout(r, 50));
log("got 10");
let t = performance.now();
await producer.publish(Array.from({ length: 50000 }, (_, i) => ({ topic, body: `m${i}`.padEnd(700) })));
while (got < 50010) await new Promise((r) => setTimeout(r, 10));
log("50k", performance.now() - t);
t = performance.now();
for (let i = 0; i < 20; i++) {
  const before = got;
  const s = performance.now();
  await producer.publish([{ topic, body: "x" }]);
  while (got === before) await new Promise((r) => setImmediate(r));
  process.stdout.write(` ${(performance.now() - s).toFixed(1)}`);
}
console.log();
const cons2 = createKafkaSource({ topics: [topic], config: { "bootstrap.servers": brokers, "group.id": group } });
(async () => {
  for await (const s of cons2.status()) log("status2", s.state, s.detail);
})();
await new Promise((r) => setTimeout(r, 6000));
t = performance.now();
await cons2[Symbol.asyncDispose]();
log("disposed 2", performance.now() - t);
await new Promise((r) => setTimeout(r, 6000));
t = performance.now();
await source[Symbol.asyncDispose]();
log("disposed", performance.now() - t);
await producer[Symbol.asyncDispose]();
log("end");
