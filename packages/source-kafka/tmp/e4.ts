import { createKafkaSource } from "../src/index.ts";
for (const c of [{ "ssl.ca.location": "/no/such/ca.pem", "security.protocol": "ssl" }, {"security.protocol":"sasl_plaintext","sasl.mechanism":"PLAIN"}, {"security.protocol":"sasl_plaintext","sasl.mechanism":"GSSAPI"}, {"compression.codec":"zstd"}, {"session.timeout.ms": 5000, "group.protocol":"consumer"}]) {
try {
const s = createKafkaSource({topics:["a"], config:{"bootstrap.servers":"127.0.0.1:1", ...c}});
const r = s.read({signal: AbortSignal.timeout(3000)})[Symbol.asyncIterator]();
await r.next().then(console.log, (e)=>console.log(e.message, e.cause));
await s[Symbol.asyncDispose]();
} catch (e) { console.log("CTOR", (e as Error).message); }
}
process.exit(0)
