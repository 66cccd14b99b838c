import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { keys, published } from "./published.ts";
import { copyWorkspace, type Releases } from "./workspace-copy.ts";

const { folder } = inject("packed");
const names = keys.map((key) => published[key].name);
const peers = ["@tb/bus-zmq", "@tb/source-kafka", "@tb/source-zmq"] as const;

/** Versions after a release from this version with these changesets. */
async function release(name: string, version: string, ...changes: Releases[]) {
  const copy = await copyWorkspace(join(folder, name));
  await copy.setVersions(version);
  await copy.replaceChangesets(...changes);
  await copy.changeset(["version"]);
  return { copy, versions: await copy.versions() };
}

/** All at this version, except for these. */
const all = (version: string, others: Readonly<Record<string, string>> = {}) => ({
  ...Object.fromEntries(names.map((name) => [name, version])),
  ...others,
});

describe("a release", () => {
  it("of what waits now gives every package a version below 1.0.0 and a changelog, and leaves no changeset", async () => {
    const copy = await copyWorkspace(join(folder, "pending"));
    const before = await copy.versions();
    await copy.changeset(["version"]);
    const after = await copy.versions();
    for (const key of keys) {
      const { name, folder: packageFolder } = published[key];
      expect(after[name]).toMatch(/^0\./);
      if (after[name] !== before[name]) await access(join(copy.folder, packageFolder, "CHANGELOG.md"));
    }
    expect((await readdir(join(copy.folder, ".changeset"))).filter((name) => name !== "config.json")).toEqual([]);
  });

  it("of core as a minor one gives those that depend on it a patch, and nobody a major", async () => {
    const { versions } = await release("core-minor", "0.1.0", { "@tb/misp-core": "minor" });
    expect(versions).toEqual(all("0.1.1", { "@tb/misp-core": "0.2.0" }));
  });

  it.each(peers)("of %s as a minor one leaves the plugin, which peers on it, as it is", async (peer) => {
    const { copy, versions } = await release(`${peer.slice(4)}-minor`, "0.1.0", { [peer]: "minor" });
    expect(versions).toEqual(all("0.1.0", { [peer]: "0.2.0" }));
    const { peerDependencies } = await copy.manifest(published.plugin.folder);
    for (const name of peers) expect(peerDependencies?.[name]).toBe("workspace:>=0.1.0 <1.0.0");
  });

  it("of a transport as a minor one does so from 1.0.0 on with workspace:^, too", async () => {
    const copy = await copyWorkspace(join(folder, "from-one"));
    await copy.setVersions("1.0.0", "workspace:^");
    await copy.replaceChangesets({ "@tb/source-zmq": "minor" });
    await copy.changeset(["version"]);
    expect(await copy.versions()).toEqual(all("1.0.0", { "@tb/source-zmq": "1.1.0" }));
  });

  it("of core and a transport together, both minor, gives the plugin a patch", async () => {
    const { versions } = await release("both-minor", "0.1.0", { "@tb/misp-core": "minor", "@tb/source-zmq": "minor" });
    expect(versions).toEqual(all("0.1.1", { "@tb/misp-core": "0.2.0", "@tb/source-zmq": "0.2.0" }));
  });
});
