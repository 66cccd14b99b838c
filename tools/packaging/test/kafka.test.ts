import { access } from "node:fs/promises";
import { join } from "node:path";
import { createZmqPublisher } from "@tb/misp-simulator";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { addNativeKafka, install, installWithNpm, managers } from "./install.ts";
import { type KafkaTopics, openKafkaTopics } from "./kafka-topics.ts";
import { configuration, expectAnnounceAndRemove, killAll, start } from "./program.ts";

const { folder, tarballs } = inject("packed");
const { core, api, sightings, plugin, zmq, kafka } = tarballs;
const program = { core, api, sightings, plugin };

let misp: KafkaTopics;
beforeAll(async () => {
  misp = await openKafkaTopics();
}, 400_000);
afterAll(() => misp.close());
afterEach(killAll);

describe("the program with @tb/source-kafka, whose native part was not compiled", () => {
  it("says what to install per distribution and what to run then, and opens nothing", async () => {
    const installation = join(folder, "kafka-not-compiled");
    await installWithNpm(installation, [...Object.values(program), kafka]);
    const started = await start(installation, {
      config: configuration(await misp.configuration()),
      parameters: ["run"],
    });
    const { stdout, stderr, code } = await started.ended();
    expect({ stdout, code }).toEqual({ stdout: "", code: 78 });
    expect(stderr).toMatch(/apt-get install .*dnf install .*apk add .*npm rebuild node-rdkafka/);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    await expect(access(join(installation, ".threatbus-misp"))).rejects.toThrow("ENOENT");
  });
});

describe.each(managers)("by %s: the program with @tb/source-kafka", (manager) => {
  it("runs: announces what MISP produces, takes back what is deleted, and ends when it is told to", async () => {
    const installation = join(folder, `${manager}-kafka`);
    await install(manager, installation, { ...program, kafka });
    await addNativeKafka(installation);
    const started = await start(installation, { config: configuration(await misp.configuration()) });
    await expectAnnounceAndRemove(started, misp.publish);
  });
});

describe.each(managers)("by %s: the program with both sources", (manager) => {
  const installation = join(folder, `${manager}-both`);
  beforeAll(async () => {
    await install(manager, installation, { ...program, zmq, kafka });
    await addNativeKafka(installation);
  }, 240_000);

  it("receives over ZeroMQ when zmq is configured", async () => {
    await using publisher = await createZmqPublisher({ watchSubscriptions: true });
    const state = `state: { path: ${join(installation, "zmq-state")} }\n`;
    const config = configuration(`zmq: { host: 127.0.0.1, port: ${publisher.port} }`) + state;
    const started = await start(installation, { config });
    await publisher.subscriptions.atLeast("misp_json_attribute ", 1);
    await expectAnnounceAndRemove(started, (notifications) => publisher.publish(notifications));
  });

  it("receives over Kafka when kafka is configured", async () => {
    const started = await start(installation, { config: configuration(await misp.configuration()) });
    await expectAnnounceAndRemove(started, misp.publish);
  });
});
