import { createNdjsonBus } from "../src/bus/ndjson-bus.ts";
import { standardOutput } from "../src/bus/standard-output.ts";

/** A process with an NDJSON bus on its standard streams; it tells on standard error what it sees, one JSON object per line. */
const tell = (fact: object) => process.stderr.write(`${JSON.stringify(fact)}\n`);
const bus = createNdjsonBus({
  output: standardOutput(),
  input: process.stdin,
  onRefused: (reason, detail) => tell({ refused: reason, detail }),
});

/** Publishes without end, until that fails. */
async function flood(): Promise<void> {
  const ticking = setInterval(() => tell({ tick: published, rss: process.memoryUsage.rss() }), 20);
  let published = 0;
  try {
    for (;;) {
      const objects = Array.from({ length: 100 }, (_, n) => ({
        type: "indicator",
        spec_version: "2.1" as const,
        id: `indicator--${published + n}`,
        name: "x".repeat(400),
      }));
      await bus.publish(objects);
      published += objects.length;
    }
  } catch (error) {
    clearInterval(ticking);
    const states = [];
    for await (const { state } of bus.status()) states.push(state);
    tell({ published, states, code: (error as { code?: string }).code, message: (error as Error).message });
    process.exitCode = 3;
  }
}

/** Reads `count` sightings, then stops to read. */
async function read(count: number): Promise<void> {
  const controller = new AbortController();
  let seen = 0;
  for await (const { sighting, ack } of bus.sightings({ signal: controller.signal })) {
    tell({ sighting });
    ack();
    seen += 1;
    if (seen === count) controller.abort();
  }
  tell({ over: seen });
}

async function main([mode, count]: readonly string[]): Promise<void> {
  if (mode === "flood") await flood();
  else if (mode === "read") await read(Number(count));
  tell({ end: mode });
}

void main(process.argv.slice(2));
