import { cp, mkdir, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createMispModel,
  createRandom,
  createRandomUuid,
  createRestServer,
  createZmqPublisher,
  exampleKeys,
  type ModelNotification,
} from "@tb/misp-simulator";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { addNativeKafka } from "./install.ts";
import { type KafkaTopics, openKafkaTopics } from "./kafka-topics.ts";
import { killAll, newModel, start } from "./program.ts";
import { keys, published, root } from "./published.ts";
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

/** The first line in a shell snippet of the README that begins so. */
function command(beginning: string): readonly string[] {
  const snippets = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, text = ""]) => text.split("\n"));
  const line = snippets.find((snippet) => snippet.startsWith(beginning));
  if (line === undefined) throw new Error(`the README has no command that begins with ${beginning}`);
  return line.split(" ");
}

/** The first configuration below a heading of the README. */
function configuration(heading: string): string {
  const [, section = ""] = readme.split(`\n## ${heading}\n`);
  const [, text] = /^```yaml\n([\s\S]*?)^```/m.exec(section) ?? [];
  if (text === undefined) throw new Error(`the README has no configuration under ${heading}`);
  return text;
}

/** An empty folder that knows the registry, and in it what the README says. */
async function emptyFolder(name: string) {
  const installation = join(folder, name);
  await mkdir(installation);
  await writeFile(join(installation, ".npmrc"), `${registry.npmrc}ignore-scripts=true\n`);
  const walk = (line: readonly string[]) => run(line[0] as string, line.slice(1), { cwd: installation });
  return { installation, walk };
}

/** An analyst's first indicator, which the README's filter lets through. */
function firstIndicator(model = newModel()) {
  const event = model.addEvent({ info: "Phishing wave" });
  const tags = [{ name: "tlp:green" }];
  const attribute = model.addAttribute({ eventId: event.id, type: "domain", value: "evil.example", tags });
  return [...event.notifications, ...attribute.notifications] satisfies ModelNotification[];
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
