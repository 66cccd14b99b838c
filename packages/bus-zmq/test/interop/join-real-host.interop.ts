import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StixObject } from "@tb/misp-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from "vitest";
import { freePorts } from "../../../../tools/free-port.ts";
import { createZmqJoinBus, type ZmqBusEvent, type ZmqJoinBus } from "../../src/index.ts";
import { startApp } from "../app.ts";
import { indicator, removal, sighting } from "../objects.ts";
import { type Program, startProgram } from "./program.ts";

const programs = inject("programs")?.host ?? "";
let folder: string;
let ports: { readonly manage: number };
let host: Program;
let bus: ZmqJoinBus;
let events: ZmqBusEvent[];

const startHost = () => startProgram(join(programs, "threatbus"), folder);
const reaches = async (wanted: string) => {
  for await (const { state } of bus.status()) if (state === wanted) return;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "threatbus-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  const [manage = 0, pub = 0, sub = 0] = await freePorts(3);
  ports = { manage };
  writeFileSync(
    join(folder, "config.yaml"),
    `logging: { console: true, console_verbosity: DEBUG, file: false }
plugins:
  backbones: { inmem: {} }
  apps:
    zmq: { host: "127.0.0.1", manage: ${manage}, pub: ${pub}, sub: ${sub} }
`,
  );
  host = startHost();
  events = [];
  bus = createZmqJoinBus({ host: "127.0.0.1", port: manage, onEvent: (event) => events.push(event) });
  await reaches("up");
});
afterEach(async () => {
  await bus[Symbol.asyncDispose]();
  await host.stop("SIGINT");
});

it.skipIf(programs === "")(
  "a real Threat Bus passes announcements, edits and removals on, and sightings back",
  async () => {
    const app = await startApp(ports, { topic: "stix2/indicator" });
    const removed = removal(1);
    await bus.publish([indicator(1), indicator(1, { x_threatbus_update: "EDIT" }), removed]);
    await app.until(() => app.objects().length >= 3);
    expect(app.objects().map((object) => [object["id"], object["x_threatbus_update"]])).toEqual([
      [removed.id, undefined],
      [removed.id, "EDIT"],
      [removed.id, "REMOVE"],
    ]);
    const sightings = bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    await app.publish(sighting(1), "stix2/sighting");
    expect((await sightings.next()).value?.sighting).toMatchObject({ id: sighting(1).id, type: "sighting" });
    await sightings.return?.();
    await app.close();
  },
);

it.skipIf(programs === "")(
  "a real Threat Bus asks us for the snapshot of an app, and passes the answer to it",
  async () => {
    const requests = bus.snapshotRequests({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    const app = await startApp(ports, { snapshot: 30 });
    const { value: request } = await requests.next();
    expect(request?.sinceMs).toBe(30 * 86_400_000);
    const objects: StixObject[] = [1, 2, 3].map((n) => indicator(n));
    await request?.send(objects);
    await request?.end();
    await app.until(() => app.objects().length >= 3);
    expect(app.objects().map(({ id }) => id)).toEqual(objects.map(({ id }) => id));
    await requests.return?.();
    await app.close();
  },
);

it.skipIf(programs === "")(
  "a real Threat Bus that is killed and comes back is joined again, and what was lost with it goes out again",
  async () => {
    await bus.publish([indicator(1)]);
    await host.stop("SIGKILL");
    await reaches("down");
    const waiting = bus.publish([indicator(2)]);
    host = startHost();
    await Promise.all([reaches("up"), waiting]);
    expect(events).toContainEqual(expect.objectContaining({ kind: "rejoined", repeated: 1 }));
    const app = await startApp(ports);
    await bus.publish([indicator(3)]);
    await app.until(() => app.objects().some(({ id }) => id === indicator(3).id));
    await app.close();
  },
);

it.skipIf(programs === "")("leaves a real Threat Bus in good order", async () => {
  await bus[Symbol.asyncDispose]();
  await host.says("Received unsubscription from topic");
  expect(await host.stop("SIGINT")).toBe(0);
  host = startHost();
});
