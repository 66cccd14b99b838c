import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createCountingUuid,
  createMispModel,
  createRestServer,
  createZmqPublisher,
  exampleKeys,
  type MispModel,
  type RestFailure,
  type RestServer,
  type ZmqPublisher,
} from "@tb/misp-simulator";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createCommands, until } from "./command.ts";

let folder: string;
let model: MispModel;
let publisher: ZmqPublisher;
let misp: RestServer;
const commands = createCommands(() => folder);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "reconcile-shutdown-"));
  model = createMispModel({ now: () => Math.floor(Date.now() / 1000) - 3_600, uuid: createCountingUuid() });
  publisher = await createZmqPublisher({ watchSubscriptions: true, highWaterMark: 0 });
  misp = await createRestServer(model, { now: () => Math.floor(Date.now() / 1000) });
  writeFileSync(
    join(folder, "config.yaml"),
    `plugins: { apps: { misp: { zmq: { host: 127.0.0.1, port: ${publisher.port} }, api: { host: '${misp.url}', key: ${exampleKeys.own.key} } } } }`,
  );
});
afterEach(async () => {
  commands.killAll();
  await misp[Symbol.asyncDispose]();
  await publisher[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const searched = () => misp.requests.some(({ path }) => path.startsWith("/attributes"));
const states: readonly [string, string, RestFailure, (said: string) => boolean][] = [
  [
    "hangs with the list of tags",
    "/tags",
    { kind: "hang" },
    () => misp.requests.some(({ path }) => path.startsWith("/tags")),
  ],
  ["stops in the middle of an answer", "/attributes", { kind: "truncate", how: "stall" }, searched],
  ["brings a fill slowly", "/attributes", { kind: "delay", ms: 30_000 }, searched],
  [
    "says to come back in a day",
    "/events",
    { kind: "rate-limit", resetSeconds: 86_400 },
    (said) => said.includes("rate-limited"),
  ],
  ["has failed, so that it is waited for", "/attributes", { kind: "html" }, (said) => said.includes("tried again")],
];

it.each(states)(
  "ends at once, and in order, while MISP %s",
  async (_, path, failure, isThere) => {
    for (let i = 0; i < 20; i++) {
      const { id } = model.addEvent({ info: "event" });
      model.addAttribute({ eventId: id, type: "domain", value: `d${id}.example` });
    }
    misp.fail(failure, { path });
    const program = commands.start([]);
    await until(() => isThere(program.stderr()));
    const at = performance.now();
    program.child.kill("SIGTERM");
    expect(await program.closed).toBe(0);
    expect(performance.now() - at).toBeLessThan(3_000);
  },
  60_000,
);
