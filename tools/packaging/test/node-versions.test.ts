import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createZmqPublisher } from "@tb/misp-simulator";
import { afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { installWithNpm } from "./install.ts";
import { nodeExecutable, nodeVersions } from "./node-versions.ts";
import { configuration, expectAnnounceAndRemove, killAll, start } from "./program.ts";

const { folder, tarballs } = inject("packed");
const installation = join(folder, "node-versions");

beforeAll(async () => {
  const { core, api, sightings, plugin, zmq } = tarballs;
  await installWithNpm(installation, [core, api, sightings, plugin, zmq]);
}, 240_000);
afterEach(killAll);

describe.each(nodeVersions)("on Node %s", (version) => {
  it("the installed program starts, receives over ZeroMQ, and stops", async () => {
    const node = await nodeExecutable(version);
    const { stdout } = await promisify(execFile)(node, ["--version"]);
    expect(stdout.startsWith(`v${version}.`)).toBe(true);
    await using publisher = await createZmqPublisher({ watchSubscriptions: true });
    const config = configuration(`zmq: { host: 127.0.0.1, port: ${publisher.port} }`);
    const started = await start(installation, { config, node });
    await publisher.subscriptions.atLeast("misp_json_attribute ", 1);
    await expectAnnounceAndRemove(started, (notifications) => publisher.publish(notifications));
    // Each version begins with an empty index: what one has announced the next would know.
    await rm(join(installation, ".threatbus-misp"), { recursive: true });
  });
});
