import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { compileWithNpm } from "./install.ts";
import { type KafkaTopics, openKafkaTopics } from "./kafka-topics.ts";
import { nodeExecutable, nodeVersions } from "./node-versions.ts";
import { configuration, expectAnnounceAndRemove, killAll, start } from "./program.ts";
import { run } from "./run.ts";

const { folder, tarballs } = inject("packed");

let misp: KafkaTopics;
beforeAll(async () => {
  misp = await openKafkaTopics();
}, 400_000);
afterAll(() => misp.close());
afterEach(killAll);

/**
 * Where this Node's headers lie, for node-gyp: below `$THREATBUS_MISP_NODE_HEADERS`, in a folder named by the version, on a machine
 * that cannot download them, or where npm is configured with a folder, which belongs to the Node that is installed there.
 */
async function headers(version: string): Promise<Readonly<Record<string, string>>> {
  const given = process.env["THREATBUS_MISP_NODE_HEADERS"];
  if (given !== undefined && existsSync(join(given, version))) return { npm_config_nodedir: join(given, version) };
  const configured = (await run("npm", ["config", "get", "nodedir"])).trim();
  const isOurs = process.version.startsWith(`v${version.split(".")[0]}.`);
  if (configured !== "undefined" && configured !== "" && !isOurs) {
    const wanted = `put those of ${version} (its include/) into a folder of that name, and name the folder around it in THREATBUS_MISP_NODE_HEADERS`;
    throw new Error(`npm is configured with another Node's headers (nodedir=${configured}): ${wanted}`);
  }
  return {};
}

describe.each(nodeVersions)("on Node %s", (version) => {
  it("npm compiles Kafka's client in full; the installed program starts, receives over Kafka, and stops", async () => {
    const node = await nodeExecutable(version);
    const installation = join(folder, `compiled-${version}`);
    const { core, api, sightings, plugin, kafka } = tarballs;
    const env = { PATH: `${dirname(node)}${delimiter}${process.env["PATH"]}`, ...(await headers(version)) };
    await compileWithNpm(installation, [core, api, sightings, plugin, kafka], env);
    const script = 'console.log(process.version, require("node-rdkafka").features.includes("ssl"))';
    expect(await run(node, ["-e", script], { cwd: installation })).toMatch(
      new RegExp(`^v${version}\\.\\S+ true$`, "m"),
    );
    const started = await start(installation, { config: configuration(await misp.configuration()), node });
    await expectAnnounceAndRemove(started, misp.publish);
  });
});
