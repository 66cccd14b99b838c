import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createZmqHostBus } from "../../src/index.ts";
import { indicator, removal } from "../objects.ts";
import { eventually, startProgram } from "./program.ts";

const programs = inject("programs")?.vast ?? "";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "threatbus-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.skipIf(programs === "")(
  "the real VAST app matches what we announce, drops what we remove, and its sightings come back",
  async () => {
    const calls = join(folder, "calls");
    const binary = join(folder, "vast");
    writeFileSync(calls, "");
    // Stands in for VAST: one match at once, and one past event for each query.
    writeFileSync(
      binary,
      `#!/bin/sh
shift 2
echo "$@" >> ${calls}
case "$*" in
  status*) exit 0;;
  "export --help"*) echo --low-priority;;
  export*) echo '{"ts":"2021-01-02T03:04:05Z"}';;
  "matcher attach"*) echo '{"event":{"ts":"2021-01-02T03:04:06Z"},"indicator":{"context":null,"value":"a2.example"}}'; while kill -0 $PPID 2> /dev/null; do sleep 1; done;;
esac
`,
    );
    chmodSync(binary, 0o755);
    const called = (text: string) => readFileSync(calls, "utf8").includes(text);
    const bus = createZmqHostBus({ manage: 0, pub: 0, sub: 0 });
    writeFileSync(
      join(folder, "config.yaml"),
      `threatbus: 127.0.0.1:${bus.ports.manage}
vast: 127.0.0.1:42000
vast_binary: ${binary}
live_match: true
matcher_name: threatbus
retro_match: true
retro_match_max_events: 0
retro_match_timeout: 10.0
max_background_tasks: 10
snapshot: 0
metrics: { interval: 2, filename: ${join(folder, "metrics.log")} }
logging: { console: true, console_verbosity: DEBUG, file: false }
`,
    );
    const app = startProgram(join(programs, "vast-threatbus"), folder);
    const sightings = bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    const byType = new Map<unknown, Readonly<Record<string, unknown>>>();
    const collect = async () => {
      for (;;) {
        const { value, done } = await sightings.next();
        if (done) return;
        const sighting = value.sighting as Readonly<Record<string, unknown>>;
        byType.set(sighting["x_threatbus_match_type"], sighting);
      }
    };
    const collecting = collect();
    await eventually(() => called("matcher attach"));
    await bus.publish([indicator(1)]);
    await eventually(() => called(`matcher add threatbus a1.example threatbus__${indicator(1).id}`));
    await bus.publish([removal(1)]);
    await eventually(() => called("matcher remove threatbus a1.example"));
    await eventually(() => byType.size === 2);
    expect(byType.get("RETRO")).toMatchObject({ type: "sighting", sighting_of_ref: indicator(1).id });
    expect(byType.get("LIVE")).toMatchObject({ type: "sighting", x_threatbus_indicator_value: "a2.example" });
    expect(await app.stop("SIGTERM"), app.output()).toBe(0);
    await bus[Symbol.asyncDispose]();
    await collecting;
  },
);
