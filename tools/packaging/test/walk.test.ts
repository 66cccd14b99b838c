import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { addNativeKafka } from "./install.ts";
import { openKafkaTopics } from "./kafka-topics.ts";
import { killAll, type Program, start, startCommand } from "./program.ts";
import { root } from "./published.ts";
import { type Registry, startRegistry } from "./registry.ts";
import { run } from "./run.ts";
import { copyWorkspace, type WorkspaceCopy } from "./workspace-copy.ts";

/** The way of somebody who has nothing but the README: every command and every configuration below is taken from it. */
const { folder } = inject("packed");

let registry: Registry;
let copy: WorkspaceCopy;
let readme: string;
let said: string;
beforeAll(async () => {
  readme = await readFile(join(root, "README.md"), "utf8");
  registry = await startRegistry(folder);
  copy = await copyWorkspace(join(folder, "published"));
  await copy.changeset(["version"]);
  await writeFile(join(copy.folder, ".npmrc"), registry.npmrc);
  said = await copy.changeset(["publish"], {
    npm_config_registry: registry.url,
    npm_config_userconfig: join(copy.folder, ".npmrc"),
  });
}, 400_000);
afterAll(() => registry[Symbol.asyncDispose]());
afterEach(killAll);

/** The first snippet of a kind below a heading of the README. */
function snippet(kind: string, heading: string): string {
  const [, section = ""] = readme.split(`\n## ${heading}\n`);
  const [text = ""] = section.split("\n## ");
  const blocks = text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```/gm);
  const [, , found] = [...blocks].find(([, language]) => language === kind) ?? [];
  if (found === undefined) throw new Error(`the README has no ${kind} under ${heading}`);
  return found;
}

/** An empty folder that gets our packages from the registry, and what runs a line of the README in it. */
async function emptyFolder(name: string) {
  const installation = join(folder, name);
  await mkdir(installation);
  await writeFile(join(installation, ".npmrc"), `${registry.npmrc}ignore-scripts=true\nprefer-offline=true\n`);
  const walk = (line: string) => {
    const [program = "", ...parameters] = line.trim().split(" ");
    return run(program, parameters, { cwd: installation });
  };
  return { installation, walk };
}

/** The stand-in MISP, started by the README's line, on free ports. */
async function startSimulator(...more: readonly string[]) {
  const [, script, ...parameters] = /^npx -y pnpm@\S+ (\w+) (.*)$/m.exec(snippet("sh", "Try it without a MISP")) ?? [];
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const [program, ...start] =
    `${scripts[script as string]} ${parameters.join(" ").replace("50000", "0").replace("8080", "0")}`.split(" ");
  return startCommand(root, program as string, [...start, "--watch", ...more]);
}

describe("a release to a registry on loopback", () => {
  it("publishes every package once, with its tag", async () => {
    const versions = await copy.versions();
    for (const [name, version] of Object.entries(versions)) {
      expect(said).toContain(`${name}@${version}`);
      const known = JSON.parse(await run("npm", ["view", name, "--json", `--@tb:registry=${registry.url}`]));
      expect(known).toMatchObject({ name, version, "dist-tags": { latest: version } });
    }
    const tags = (await run("git", ["tag"], { cwd: copy.folder })).trim().split("\n");
    expect(tags.sort()).toEqual(
      Object.entries(versions)
        .map(([name, version]) => `${name}@${version}`)
        .sort(),
    );
  });
});

/** What the stand-in says first, and what gives it a line and takes its answer. */
async function simulatorReady(simulator: Program) {
  const lines = simulator.lines();
  const { ready } = JSON.parse((await lines.next()).value);
  const tell = async (line: string | object) => {
    simulator.child.stdin?.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
    const answer = JSON.parse((await lines.next()).value);
    expect(answer).toMatchObject({ ok: true });
  };
  return { ready, tell };
}

/** An analyst's two lines of the README. */
const analyst = () => snippet("json", "Try it without a MISP").trim().split("\n");

const expectFirstIndicator = async (lines: AsyncIterator<string>) => {
  const { value } = await lines.next();
  const wanted = /`("pattern":[^`]*)`/.exec(readme)?.[1] ?? "the README shows the pattern";
  expect(value).toContain(wanted);
  return JSON.parse(value);
};

describe("from the README alone, in an empty folder", () => {
  it("ZeroMQ: installed, configured, checked; an indicator comes, and a sighting reaches MISP", async () => {
    const { installation, walk } = await emptyFolder("walk-zmq");
    await walk(snippet("sh", "Install"));
    const simulator = await startSimulator();
    const { ready, tell } = await simulatorReady(simulator);

    const configuration = snippet("yaml", "Configure")
      .replace("misp.example", "127.0.0.1")
      .replace("50000", String(ready.port));
    await writeFile(join(installation, "config.yaml"), configuration);
    const [check = "", ...more] = snippet("sh", "Configure").trim().split("\n");
    expect(await walk(check)).toContain("(tag tlp:clear OR tag tlp:green)");
    expect(more).toEqual(["npx threatbus-misp"]);
    const first = await start(installation);
    const objects = first.lines();
    await tell({ subscribed: { prefix: "misp_json_attribute " } });
    for (const line of analyst()) await tell(line);
    const indicator = await expectFirstIndicator(objects);
    await first.stop();
    // Nothing was wrong, so nothing warns.
    expect(first.log()).not.toMatch(/"level":"(warn|error)"/);

    const withApi = snippet("yaml", "Sightings back to MISP")
      .replace("host: misp.example", `host: 127.0.0.1\n        port: ${ready.port}`)
      .replace("https://misp.example", ready.rest.url)
      .replace(/key: \w+/, `key: ${ready.rest.keys.own}`);
    await writeFile(join(installation, "config.yaml"), withApi);
    const second = await start(installation);
    const sighting = snippet("text", "Sightings back to MISP").replace(/indicator--[0-9a-f-]+/, indicator.id);
    second.child.stdin?.write(sighting);
    await expect.poll(() => sightingsInMisp(ready.rest, 1), { timeout: 20_000 }).toBe(1);
    await second.stop();
    simulator.child.stdin?.end();
    await simulator.exit;
  });

  it("Kafka: installed, configured, checked; an indicator comes", async () => {
    const { installation, walk } = await emptyFolder("walk-kafka");
    const instead = /^or `(@tb\/source-kafka)` instead/m.exec(readme)?.[1] ?? "the README names the other source";
    await walk(snippet("sh", "Install").replace("@tb/source-zmq", instead));
    // In place of the install script, which takes minutes.
    await addNativeKafka(installation);
    const broker = await openKafkaTopics();
    onTestFinished(() => broker.close());
    await broker.createTopics("");
    const simulator = await startSimulator("--kafka", broker.brokers);
    const { tell } = await simulatorReady(simulator);

    const configuration = snippet("yaml", "Kafka instead").replace("kafka.example:9092", broker.brokers);
    await writeFile(join(installation, "config.yaml"), configuration);
    expect(await walk(snippet("sh", "Configure").split("\n")[0] as string)).toContain(broker.brokers);
    const program = await start(installation);
    const objects = program.lines();
    for (const line of analyst()) await tell(line);
    await expectFirstIndicator(objects);
    await program.stop();
    expect(program.log()).not.toMatch(/"level":"(warn|error)"/);
    simulator.child.stdin?.end();
    await simulator.exit;
  }, 400_000);
});

type Rest = { readonly url: string; readonly keys: { readonly own: string } };

async function sightingsInMisp(rest: Rest, attributeId: number): Promise<number> {
  const answer = await fetch(`${rest.url}/sightings/listSightings`, {
    method: "POST",
    headers: { authorization: rest.keys.own, accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify({ id: attributeId, context: "attribute" }),
  });
  return ((await answer.json()) as unknown[]).length;
}
