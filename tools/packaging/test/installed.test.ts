import { access, appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createZmqPublisher } from "@tb/misp-simulator";
import { afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { parse } from "yaml";
import { startApp } from "../../../packages/bus-zmq/test/app.ts";
import { freePorts } from "../../free-port.ts";
import limits from "../limits.json" with { type: "json" };
import { install, installWithNpm, installWithPnpm, managers, measure } from "./install.ts";
import { packMadeUp } from "./pack.ts";
import { configuration, expectAnnounceAndRemove, killAll, newModel, start, startScript } from "./program.ts";
import { root } from "./published.ts";

const { folder, tarballs, printed } = inject("packed");
const slowMs = 240_000;

const zmq = "zmq: { host: 127.0.0.1, port: 50000 }";
const kafka =
  "kafka: { topics: [misp_attribute, misp_tag], config: { bootstrap.servers: '127.0.0.1:9092', group.id: a } }";

/** The program with all that it always needs, and no source. */
const { core, api, sightings, plugin } = tarballs;
const program = { core, api, sightings, plugin };

afterEach(killAll);

const run = async (installation: string, misp: string, ...parameters: readonly string[]) =>
  (await start(installation, { config: configuration(misp), parameters })).ended();

/** Nothing was opened: the folder for the state is the first thing that a start makes. */
const expectNothingOpened = (installation: string) =>
  expect(access(join(installation, ".threatbus-misp"))).rejects.toThrow("ENOENT");

/** The example of a package's README, which is a module. */
async function example(packageFolder: string): Promise<string> {
  const readme = await readFile(join(root, packageFolder, "README.md"), "utf8");
  return /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
}

describe.each(managers)("by %s: the program without a source", (manager) => {
  it("says that none is installed, with the command that helps, and opens nothing", async () => {
    const installation = join(folder, `${manager}-alone`);
    await install(manager, installation, program);
    const { stdout, stderr, code } = await run(installation, zmq, "run");
    expect({ stdout, code }).toEqual({ stdout: "", code: 78 });
    expect(stderr).toContain(
      "no source is installed: neither @tb/source-zmq nor @tb/source-kafka was found, and zmq is configured; " +
        "run: npm install @tb/source-zmq",
    );
    await expectNothingOpened(installation);
  });
});

describe("a source that does not work", () => {
  it("is installed but does not work: the program says so, with the reason, and opens nothing", async () => {
    const broken = await packMadeUp(
      folder,
      { name: "@tb/source-zmq", version: "0.1.0", type: "module", exports: "./index.js" },
      { "index.js": 'throw new Error("no native build for this platform\\nand more");\n' },
    );
    const installation = join(folder, "broken");
    await installWithNpm(installation, [...Object.values(program), broken]);
    const { stdout, stderr, code } = await run(installation, zmq, "run");
    expect({ stdout, code }).toEqual({ stdout: "", code: 78 });
    expect(stderr).toContain(
      "@tb/source-zmq is installed but does not work (no native build for this platform); " +
        "run: npm install --force @tb/source-zmq",
    );
    await expectNothingOpened(installation);
  });
});

describe.each(managers)("by %s: the program with @tb/source-zmq", (manager) => {
  const installation = join(folder, `${manager}-zmq`);
  beforeAll(() => install(manager, installation, { ...program, zmq: tarballs.zmq }), slowMs);

  it("has nothing of Kafka in it", async () => {
    const files = await readdir(installation, { recursive: true });
    expect(files.filter((path) => /rdkafka|source-kafka/.test(path))).toEqual([]);
  });

  it("says that @tb/source-kafka is missing when kafka is configured, and opens nothing", async () => {
    const { stdout, stderr, code } = await run(installation, kafka, "run");
    expect({ stdout, code }).toEqual({ stdout: "", code: 78 });
    expect(stderr).toContain(
      "kafka is configured but @tb/source-kafka is not installed; run: npm install @tb/source-kafka",
    );
    await expectNothingOpened(installation);
  });

  it("says that @tb/bus-zmq is missing when a Threat Bus is configured, and opens nothing", async () => {
    const { stdout, stderr, code } = await run(installation, `${zmq}\nthreatbus: localhost:13370`, "run");
    expect({ stdout, code }).toEqual({ stdout: "", code: 78 });
    expect(stderr).toContain("threatbus is configured but @tb/bus-zmq is not installed; run: npm install @tb/bus-zmq");
    await expectNothingOpened(installation);
  });

  it("checks its configuration and opens nothing", async () => {
    const { stderr, code } = await run(installation, zmq, "check");
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    await expectNothingOpened(installation);
  });

  it("runs: announces what MISP publishes, takes back what is deleted, and ends when it is told to", async () => {
    await using publisher = await createZmqPublisher({ watchSubscriptions: true });
    const config = configuration(`zmq: { host: 127.0.0.1, port: ${publisher.port} }`);
    const started = await start(installation, { config, parameters: ["run"] });
    await publisher.subscriptions.atLeast("misp_json_attribute ", 1);
    await expectAnnounceAndRemove(started, (notifications) => publisher.publish(notifications));
    await access(join(installation, ".threatbus-misp"));
  });
});

describe("by pnpm, which stops at install scripts that nobody has decided about", () => {
  it("the program with @tb/source-zmq is installed with the README's settings, and not without", async () => {
    const readme = await readFile(join(root, "README.md"), "utf8");
    const settings = parse(/^allowBuilds: .*$/m.exec(readme)?.[0] ?? "");
    const parts = { ...program, zmq: tarballs.zmq };
    const decided = { settings, ignoreScripts: false };
    await installWithPnpm(join(folder, "pnpm-decided"), parts, decided);
    const { stderr, code } = await run(join(folder, "pnpm-decided"), zmq, "check");
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    const undecided = installWithPnpm(join(folder, "pnpm-undecided"), parts, { ignoreScripts: false });
    await expect(undecided).rejects.toThrow("ERR_PNPM_IGNORED_BUILDS");
  });
});

describe("a ZeroMQ-only installation", () => {
  it("needs no compiler, and is no larger than tools/packaging/limits.json allows", async () => {
    // The one above, which was made with --ignore-scripts and runs.
    const { packages, bytes } = await measure(join(folder, "npm-zmq"));
    expect(packages).toEqual(expect.arrayContaining(["@tb/plugin", "zeromq", "lmdb"]));
    expect(packages.filter((name) => /^(node-gyp|nan|node-pre-gyp|cmake-js|esbuild|typescript)$/.test(name))).toEqual(
      [],
    );
    const megabytes = bytes / 1e6;
    await appendFile(
      printed,
      `An installation of @tb/plugin and @tb/source-zmq takes ${megabytes.toFixed(1)} MB ` +
        `in ${new Set(packages).size} packages; the limit is ${limits.zmqInstallationMegabytes} MB.\n`,
    );
    expect(megabytes).toBeLessThan(limits.zmqInstallationMegabytes);
  });
});

describe.each(managers)("by %s: the program with @tb/source-zmq and @tb/bus-zmq", (manager) => {
  it("hosts a Threat Bus: an app that subscribes gets the indicator", async () => {
    const installation = join(folder, `${manager}-zmq-bus`);
    await install(manager, installation, { ...program, zmq: tarballs.zmq, bus: tarballs.bus });
    await using publisher = await createZmqPublisher({ watchSubscriptions: true });
    const [manage = 0, pub = 0, sub = 0] = await freePorts(3);
    const misp = `zmq: { host: 127.0.0.1, port: ${publisher.port} }`;
    const bus = `    zmq: { host: 127.0.0.1, manage: ${manage}, pub: ${pub}, sub: ${sub} }\n`;
    const hosting = await start(installation, { config: configuration(misp) + bus });
    await publisher.subscriptions.atLeast("misp_json_attribute ", 1);
    const app = await startApp({ manage });
    const model = newModel();
    const event = model.addEvent({ info: "Phishing wave" });
    await publisher.publish(event.notifications);
    await publisher.publish(
      model.addAttribute({ eventId: event.id, type: "domain", value: "evil.example" }).notifications,
    );
    await expect
      .poll(() => app.received.map(({ object }) => object["pattern"]), { timeout: 20_000 })
      .toEqual(["[domain-name:value = 'evil.example']"]);
    await app.close();
    await hosting.stop();
  });
});

/** What the README of the sightings package leaves to its user: a bus, an outbox (here in memory) and a way to MISP. */
const ownOutbox = `
const waiting = new Map();
export const outbox = {
  async commit({ put = [], postpone = [], done = [] }) {
    for (const entry of [...put, ...postpone]) waiting.set(entry.row.uuid, entry);
    for (const uuid of done) waiting.delete(uuid);
  },
  earliest: (limit) => [...waiting.values()].sort((a, b) => a.dueAtMs - b.dueAtMs).slice(0, limit),
  holds: (uuid) => (waiting.has(uuid) ? "waiting" : undefined),
  counts: () => ({ waiting: waiting.size, dead: 0 }),
  deadLetters: () => [],
  async [Symbol.asyncDispose]() {},
};
export const bus = {
  async *sightings({ signal }) {
    const sighting = {
      type: "sighting",
      spec_version: "2.1",
      id: "sighting--7b006f11-8c6e-45a6-b80a-000000000001",
      created: "2026-01-02T03:05:00.000Z",
      sighting_of_ref: "indicator--5f7b2284-bdd8-4ef4-b457-032ac0a82f02",
    };
    yield { sighting, ack() {} };
    // Like a socket that is open.
    const open = setInterval(() => {}, 1_000);
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    clearInterval(open);
  },
};
export const writeToMisp = async () => ({ proven: true, text: "1 sightings added." });
`;

describe.each(managers)("by %s: a package alone", (manager) => {
  it("core: its README's example runs, also where somebody else's code sets our source condition", async () => {
    const installation = join(folder, `${manager}-core`);
    await install(manager, installation, { core });
    const started = await startScript(installation, await example("packages/misp-core"));
    const { stdout, stderr, code } = await started.ended();
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    expect(stdout).toContain("[domain-name:value = 'evil.example']");
    const again = await startScript(installation, await example("packages/misp-core"), "--conditions=@tb/source");
    expect(await again.ended()).toEqual({ stdout, stderr, code });
  });

  it("sightings: delivers one, with an outbox and a MISP of the user's own", async () => {
    const installation = join(folder, `${manager}-sightings`);
    await install(manager, installation, { core, sightings });
    await writeFile(join(installation, "your-program.js"), ownOutbox);
    const started = await startScript(installation, await example("packages/misp-sightings"));
    const lines = started.lines();
    expect((await lines.next()).value).toBe("accepted");
    expect((await lines.next()).value).toBe("delivered");
    await started.stop();
    expect(started.log()).toBe("");
  });

  it("source-zmq: its README's example receives what a real publisher sends", async () => {
    const installation = join(folder, `${manager}-source-zmq`);
    await install(manager, installation, { core, zmq: tarballs.zmq });
    await using publisher = await createZmqPublisher({ watchSubscriptions: true });
    const source = (await example("packages/source-zmq")).replace("50000", String(publisher.port));
    // Short enough to be read before it is copied.
    expect(source.trim().split("\n").length).toBeLessThanOrEqual(20);
    const consumer = await startScript(installation, source);
    await publisher.subscriptions.atLeast("misp_json_attribute ", 1);
    const lines = consumer.lines();
    const body = '{"Attribute":{"value":"evil.example"},"action":"add"}';
    await publisher.publish([{ topic: "misp_json_attribute", body }]);
    expect((await lines.next()).value).toMatch(/^misp_json_attribute add evil\.example \d{4}-/);
    await consumer.stop();
  });
});
