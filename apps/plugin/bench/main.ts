/**
 * Speed as ratios within one run, over a real ZeroMQ socket and a real Kafka broker: the whole pipeline with durable commits against
 * a loop that only receives and parses; then as a Threat Bus, beside the real one. `pnpm bench`; sizes can be given as
 * `pnpm bench 50000 100000 20000` (adds, store size, edits), and `pnpm bench bus` is the last part alone.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { benchBus } from "./bus.ts";
import { type Answer, type Child, killChildren, startChild, startProgram } from "./child.ts";
import { openBacklog } from "./kafka-backlog.ts";
import { percentile } from "./percentile.ts";
import type { Load } from "./publisher.ts";

const onlyBus = process.argv[2] === "bus";
const [adds = 100_000, storeSize = 300_000, edits = 60_000] = process.argv.slice(onlyBus ? 3 : 2).map(Number);
const folder = mkdtempSync(join(tmpdir(), "bench-"));

const publisher = await startChild("./publisher.ts", []);
const port = String(publisher.ready.port);

/** Sends a load to the one subscriber, and says how long it took it. */
async function measure(to: Child, load: Load): Promise<Answer> {
  await publisher.ask(load);
  await publisher.ask({ subscribed: 1 });
  const taken = to.ask({ expect: load.count });
  await publisher.ask({ go: true });
  return taken;
}
const perSecond = (count: number, ms: number) => Math.round((count * 1000) / ms);
const say = (text: string) => process.stdout.write(`${text}\n`);

async function yardstick(load: Load): Promise<number> {
  const receiver = await startChild("./receiver.ts", [port]);
  const { ms } = await measure(receiver, load);
  await receiver.stop();
  return perSecond(load.count, ms);
}

/** From the publisher's clock to the line on standard output of the real program, at 1,000 messages a second. */
async function latency(): Promise<readonly number[]> {
  const config = join(folder, "config.yaml");
  writeFileSync(
    config,
    `plugins: { apps: { misp: { zmq: { host: 127.0.0.1, port: ${port} } } } }\nlogging: { console_verbosity: ERROR }\n`,
  );
  const child = startProgram(config, ["ignore", "pipe", "inherit", "ipc"]);
  const load: Load = { kind: "add", from: 1, count: 10_000, rate: 1_000 };
  await publisher.ask(load);
  await publisher.ask({ subscribed: 1 });
  const latencies: number[] = [];
  const read = (async () => {
    if (child.stdout === null) return;
    for await (const line of createInterface({ input: child.stdout })) {
      latencies.push(Date.now() + (performance.now() % 1) - Number(JSON.parse(line).description));
      if (latencies.length === load.count) return;
    }
  })();
  await publisher.ask({ go: true });
  await read;
  child.kill("SIGTERM");
  // The first second is start-up: code that has not run yet.
  return latencies.slice(1_000).sort((a, b) => a - b);
}

async function benchPipeline(): Promise<void> {
  const load: Load = { kind: "add", from: 1, count: adds, rate: 0 };
  const bare = await yardstick(load);
  say(`receive and parse alone          ${bare} messages/s`);

  const pipeline = await startChild("./pipeline.ts", [port, join(folder, "state")]);
  const added = await measure(pipeline, load);
  const addRate = perSecond(adds, added.ms);
  say(
    `new attributes, to confirmed     ${addRate} messages/s   ratio ${(addRate / bare).toFixed(2)}   CPU ${(added.cpuMs / added.ms).toFixed(2)} cores`,
  );

  for (let from = adds + 1; from <= storeSize; from += 50_000) {
    await measure(pipeline, { kind: "add", from, count: Math.min(50_000, storeSize - from + 1), rate: 0 });
  }
  const edited = await measure(pipeline, { kind: "edit", from: 1, below: storeSize, count: edits, rate: 0 });
  const editRate = perSecond(edits, edited.ms);
  say(
    `random edits in a store of ${storeSize}  ${editRate} messages/s   ratio ${(editRate / bare).toFixed(2)}   RSS ${Math.round(edited.rssMb)} MB`,
  );
  await pipeline.stop();

  await using backlog = await openBacklog(adds);
  const consumer = await startChild("./kafka-receiver.ts", [backlog.options("yardstick")]);
  const bareKafka = perSecond(adds, (await consumer.ask({ expect: adds })).ms);
  await consumer.stop();
  say(`Kafka: consume and parse alone   ${bareKafka} messages/s`);
  const overKafka = await startChild("./pipeline.ts", [backlog.options("pipeline"), join(folder, "kafka")]);
  const kafkaRate = perSecond(adds, (await overKafka.ask({ expect: adds })).ms);
  await overKafka.stop();
  say(
    `Kafka: new attributes            ${kafkaRate} messages/s   ratio ${(kafkaRate / bareKafka).toFixed(2)}   to ZeroMQ ${(kafkaRate / addRate).toFixed(2)}`,
  );

  const latencies = await latency();
  say(
    `latency at 1,000/s               p50 ${percentile(latencies, 0.5).toFixed(1)} ms   p99 ${percentile(latencies, 0.99).toFixed(1)} ms   max ${latencies.at(-1)?.toFixed(1)} ms`,
  );
}

try {
  if (!onlyBus) await benchPipeline();
  await benchBus(folder, publisher, say);
} finally {
  killChildren();
  rmSync(folder, { recursive: true, force: true });
}
