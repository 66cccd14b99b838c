import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { createCountingUuid, createMispModel, createZmqPublisher } from "@tb/misp-simulator";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { installWithNpm, installWithPnpm, packAll, packMadeUp, readTarball, type Tarballs } from "./pack.ts";

/** Packing builds first, and an installation may have to download: zeromq alone has 13 MB. */
const slowMs = 240_000;

const zmq = "zmq: { host: 127.0.0.1, port: 50000 }";
const kafka =
  "kafka: { topics: [misp_attribute, misp_tag], config: { bootstrap.servers: '127.0.0.1:9092', group.id: a } }";
const neither =
  "no source is installed: neither @tb/source-zmq nor @tb/source-kafka was found, and zmq is configured; " +
  "run: npm install @tb/source-zmq";

let folder: string;
let tarballs: Tarballs;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "installed-"));
  tarballs = await packAll(folder);
}, slowMs);
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** The program with all that it always needs, and no source. */
const program = () => {
  const { core, api, sightings, plugin } = tarballs;
  return { core, api, sightings, plugin };
};

/** Starts the installed program in its folder, with this transport configured. */
async function start(installation: string, transport: string, ...parameters: readonly string[]) {
  await writeFile(join(installation, "config.yaml"), `plugins:\n  apps:\n    misp:\n      ${transport}\n`);
  const { STATE_DIRECTORY: _, ...env } = process.env;
  const child = spawn(join(installation, "node_modules", ".bin", "threatbus-misp"), parameters, {
    cwd: installation,
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  running.add(child);
  const exit = once(child, "exit").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  return { child, exit };
}

async function run(installation: string, transport: string, ...parameters: readonly string[]) {
  const { child, exit } = await start(installation, transport, ...parameters);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { stdout, stderr, code };
}

/** Nothing was opened: the folder for the state is the first thing that a start makes. */
const stateFolder = (installation: string) => access(join(installation, ".threatbus-misp"));

describe("the packed tarballs", () => {
  it.each(["core", "zmq", "kafka", "api", "sightings", "bus", "plugin"] as const)(
    "of %s hold what was built and nothing else",
    async (key) => {
      const { files, manifest } = await readTarball(tarballs[key]);
      expect(
        files.filter(
          (path) => !/^(dist\/.*\.(js|d\.ts)|package\.json|LICENSE|README\.md|config\.yaml\.example)$/.test(path),
        ),
      ).toEqual([]);
      expect(files.filter((path) => /(^|\/)(testing|test|__fixtures__)\/|\.test\./.test(path))).toEqual([]);
      const targets = [...Object.values(manifest.exports), manifest.bin ?? {}].flatMap((target) =>
        typeof target === "string" ? target : Object.values(target as Record<string, string>),
      );
      expect(targets.filter((target) => !files.includes(target.replace(/^\.\//, "")))).toEqual([]);
    },
  );

  it.each(["core", "zmq", "kafka", "api", "sightings", "bus", "plugin"] as const)(
    "of %s have a manifest for consumers",
    async (key) => {
      const { manifest } = await readTarball(tarballs[key]);
      expect(manifest.exports).not.toHaveProperty("./testing");
      const written = JSON.stringify(manifest);
      for (const internal of ['@tb/source"', "src/", "workspace:", "catalog:"]) expect(written).not.toContain(internal);
    },
  );

  it("keep the ranges of the optional peers as they are written", async () => {
    const source = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
    const { manifest } = await readTarball(tarballs.plugin);
    for (const peer of ["@tb/bus-zmq", "@tb/source-kafka", "@tb/source-zmq"]) {
      expect(manifest.peerDependencies[peer]).toBe(source.peerDependencies[peer].replace(/^workspace:/, ""));
      expect(manifest.peerDependenciesMeta[peer]).toEqual({ optional: true });
      expect(manifest.dependencies).not.toHaveProperty(peer);
    }
    expect(Object.keys(manifest.peerDependencies)).toHaveLength(3);
  });
});

describe("an installation without a source", () => {
  it.each([
    ["npm", () => installWithNpm(join(folder, "npm-alone"), Object.values(program()))],
    ["pnpm", () => installWithPnpm(join(folder, "pnpm-alone"), program())],
  ])(
    "by %s says that none is installed, with the command that helps, and opens nothing",
    async (manager, install) => {
      await install();
      const installation = join(folder, `${manager}-alone`);
      const { stdout, stderr, code } = await run(installation, zmq, "run");
      expect({ stdout, code }).toEqual({ stdout: "", code: 78 });
      expect(stderr).toContain(neither);
      await expect(stateFolder(installation)).rejects.toThrow("ENOENT");
    },
    slowMs,
  );
});

describe("an installation with a source that does not work", () => {
  it(
    "says that it is installed but does not work, with the reason, and opens nothing",
    async () => {
      const broken = await packMadeUp(
        folder,
        { name: "@tb/source-zmq", version: "0.1.0", type: "module", exports: "./index.js" },
        { "index.js": 'throw new Error("no native build for this platform\\nand more");\n' },
      );
      const installation = join(folder, "broken");
      await installWithNpm(installation, [...Object.values(program()), broken]);
      const { stdout, stderr, code } = await run(installation, zmq, "run");
      expect({ stdout, code }).toEqual({ stdout: "", code: 78 });
      expect(stderr).toContain(
        "@tb/source-zmq is installed but does not work (no native build for this platform); " +
          "run: npm install --force @tb/source-zmq",
      );
      await expect(stateFolder(installation)).rejects.toThrow("ENOENT");
    },
    slowMs,
  );
});

describe("an installation with @tb/source-kafka whose native part was not compiled", () => {
  it(
    "says what to install per distribution and what to run then, and opens nothing",
    async () => {
      const installation = join(folder, "kafka");
      await installWithNpm(installation, [...Object.values(program()), tarballs.kafka]);
      const { stdout, stderr, code } = await run(installation, kafka, "run");
      expect({ stdout, code }).toEqual({ stdout: "", code: 78 });
      expect(stderr).toMatch(/apt-get install .*dnf install .*apk add .*npm rebuild node-rdkafka/);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      await expect(stateFolder(installation)).rejects.toThrow("ENOENT");
    },
    slowMs,
  );
});

describe.each(["npm", "pnpm"] as const)("an installation with @tb/source-zmq by %s", (manager) => {
  let installation: string;
  beforeAll(async () => {
    installation = join(folder, `${manager}-zmq`);
    const parts = { ...program(), zmq: tarballs.zmq };
    if (manager === "npm") await installWithNpm(installation, Object.values(parts));
    else await installWithPnpm(installation, parts);
  }, slowMs);

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
    await expect(stateFolder(installation)).rejects.toThrow("ENOENT");
  });

  it("says that @tb/bus-zmq is missing when a Threat Bus is configured, and opens nothing", async () => {
    const { stdout, stderr, code } = await run(installation, `${zmq}\nthreatbus: localhost:13370`, "run");
    expect({ stdout, code }).toEqual({ stdout: "", code: 78 });
    expect(stderr).toContain("threatbus is configured but @tb/bus-zmq is not installed; run: npm install @tb/bus-zmq");
    await expect(stateFolder(installation)).rejects.toThrow("ENOENT");
  });

  it("checks its configuration and opens nothing", async () => {
    const { stderr, code } = await run(installation, zmq, "check");
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    await expect(stateFolder(installation)).rejects.toThrow("ENOENT");
  });

  it("runs: announces what MISP publishes, takes back what is deleted, and ends when it is told to", async () => {
    const model = createMispModel({ now: () => Math.floor(Date.now() / 1_000), uuid: createCountingUuid() });
    await using publisher = await createZmqPublisher({ watchSubscriptions: true });
    const { child, exit } = await start(installation, `zmq: { host: 127.0.0.1, port: ${publisher.port} }`, "run");
    const stderr = text(child.stderr);
    const objects = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await publisher.subscriptions.atLeast("misp_json_attribute ", 1);

    const event = model.addEvent({ info: "Phishing wave" });
    await publisher.publish(event.notifications);
    const attribute = model.addAttribute({ eventId: event.id, type: "domain", value: "evil.example" });
    await publisher.publish(attribute.notifications);
    const announced = JSON.parse((await objects.next()).value);
    expect(announced).toMatchObject({ type: "indicator", pattern: "[domain-name:value = 'evil.example']" });
    await publisher.publish(model.hardDelete({ id: attribute.id }).notifications);
    const removed = JSON.parse((await objects.next()).value);
    expect(removed).toMatchObject({ id: announced.id, pattern: announced.pattern, x_threatbus_update: "REMOVE" });

    child.kill("SIGTERM");
    expect(await exit).toBe(0);
    expect(await objects.next()).toEqual({ done: true, value: undefined });
    expect(await stderr).toContain("announced 1, removed 1");
    await stateFolder(installation);
  });
});
