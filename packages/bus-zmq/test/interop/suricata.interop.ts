import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createZmqHostBus, type ZmqHostBus } from "../../src/index.ts";
import { indicator } from "../objects.ts";
import { eventually, startProgram } from "./program.ts";

const programs = inject("programs")?.suricata ?? "";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "threatbus-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rule = (sid: number, revision = 1) =>
  `alert http any any -> any any (msg:"rule ${sid}"; content:"evil"; sid:${sid}; rev:${revision};)`;
const announce = (sid: number, revision = 1, properties: object = {}) =>
  indicator(sid, { pattern: rule(sid, revision), pattern_type: "suricata", pattern_version: undefined, ...properties });
const remove = (sid: number, revision = 1) =>
  announce(sid, revision, { x_threatbus_update: "REMOVE", valid_until: "2021-01-02T00:00:00.000Z" });

/** Answers the snapshot requests of the apps with these. */
async function answerSnapshots(bus: ZmqHostBus, objects: readonly ReturnType<typeof announce>[], seen: number[]) {
  for await (const request of bus.snapshotRequests({ signal: new AbortController().signal })) {
    seen.push(request.sinceMs);
    await request.send(objects);
    await request.end();
  }
}

it.skipIf(programs === "")(
  "the real Suricata app subscribes, gets its snapshot, follows edits and removals, and survives our restart",
  async () => {
    const stub = join(folder, "stub");
    mkdirSync(stub);
    writeFileSync(join(stub, "suricatasc"), '#!/bin/sh\necho \'{"message":"done","return":"OK"}\'\n');
    chmodSync(join(stub, "suricatasc"), 0o755);
    const rulesFile = join(folder, "threatbus.rules");
    writeFileSync(rulesFile, "");
    const rules = () => readFileSync(rulesFile, "utf8");

    let bus = createZmqHostBus({ manage: 0, pub: 0, sub: 0 });
    const { ports } = bus;
    const asked: number[] = [];
    void answerSnapshots(bus, [announce(4001)], asked);
    writeFileSync(
      join(folder, "config.yaml"),
      `threatbus: 127.0.0.1:${ports.manage}
snapshot: 30
socket: /nowhere
rules_file: ${rulesFile}
reload_interval: 2
logging: { console: true, console_verbosity: DEBUG, file: false }
`,
    );
    const app = startProgram(join(programs, "suricata-threatbus"), folder, { path: `${stub}:${process.env["PATH"]}` });
    await eventually(() => rules().includes(rule(4001)));
    expect(asked).toEqual([30 * 86_400_000]);

    await bus.publish([announce(4002)]);
    await eventually(() => rules().includes(rule(4002)));
    await bus.publish([announce(4002, 2, { x_threatbus_update: "EDIT" })]);
    await eventually(() => rules().includes(rule(4002, 2)) && !rules().includes(rule(4002, 1)));
    await bus.publish([remove(4002, 2)]);
    await eventually(() => !rules().includes("sid:4002"));
    // An app that cannot read a pattern skips it.
    await bus.publish([indicator(1), announce(4003)]);
    await eventually(() => rules().includes(rule(4003)));

    await bus[Symbol.asyncDispose]();
    bus = await reopen(ports);
    void answerSnapshots(bus, [remove(4001), announce(4004)], asked);
    await eventually(() => rules().includes(rule(4004)) && !rules().includes("sid:4001"));
    expect(asked).toHaveLength(2);

    const { output } = app;
    expect(await app.stop("SIGTERM"), output()).toBe(0);
    await bus[Symbol.asyncDispose]();
  },
);

/** On the same ports, as a program that was started again; libzmq gives them back a moment after it was closed. */
async function reopen(ports: ZmqHostBus["ports"]): Promise<ZmqHostBus> {
  for (;;) {
    try {
      return createZmqHostBus(ports);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
