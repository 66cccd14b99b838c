/** Reads all attributes of a large MISP with the client, in batches of about 5,000 rows, and drops them. argv: url, key. IPC: { ms, cpuMs, rows, peakMb }. */
import { createMispApi } from "@tb/misp-api";
import { watchMemory } from "./memory.ts";

const [host = "", key = ""] = process.argv.slice(2);
const api = createMispApi({ host, key });
const memory = watchMemory();
const begin = performance.now();
const { events } = await api.eventIndex();
let rows = 0;
for (let start = 0; start < events.length; start += 100) {
  const ids = events.slice(start, start + 100).map(({ id }) => id);
  for await (const page of api.attributesOf(ids)) rows += page.rows.length;
}
const ms = performance.now() - begin;
await api[Symbol.asyncDispose]();
process.send?.({ ms, cpuMs: memory.cpuMs(), rows, peakMb: memory.stop() });
process.disconnect();
