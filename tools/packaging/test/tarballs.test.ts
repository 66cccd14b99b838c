import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { describe, expect, inject, it } from "vitest";
import { readTarball } from "./pack.ts";
import { keys, published, root } from "./published.ts";
import { run } from "./run.ts";

const { tarballs } = inject("packed");
const require = createRequire(import.meta.url);
const attw = join(dirname(require.resolve("@arethetypeswrong/cli/package.json")), "dist/index.js");

/** Every path that a manifest leads to, with the conditions and subpaths on the way. */
function targetsOf(value: unknown, way: readonly string[] = []): { readonly way: readonly string[]; target: string }[] {
  if (typeof value === "string") return [{ way, target: value.replace(/^\.\//, "") }];
  return Object.entries(value ?? {}).flatMap(([key, inner]) => targetsOf(inner, [...way, key]));
}

describe.each(keys)("the packed tarball of %s", (key) => {
  it("holds what was built, its licence and its README, and nothing else", async () => {
    const { files } = await readTarball(tarballs[key]);
    const wanted = /^(dist\/.*\.(js|d\.ts)|package\.json|LICENSE|README\.md|config\.yaml\.example)$/;
    expect(files.filter((path) => !wanted.test(path))).toEqual([]);
    expect(files.filter((path) => /(^|\/)(testing|test|__fixtures__)\/|\.test\./.test(path))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json"]));
    const licence = await run("tar", ["-xzOf", tarballs[key], "package/LICENSE"]);
    expect(licence).toBe(await readFile(join(root, "LICENSE"), "utf8"));
  });

  it("names no source map: none is in it", async () => {
    const all = await run("tar", ["-xzOf", tarballs[key]]);
    expect(all).not.toContain("sourceMappingURL=");
  });

  it("has every file that its manifest leads to, and leads to nothing but what was built", async () => {
    const { files, manifest } = await readTarball(tarballs[key]);
    const targets = targetsOf({ exports: manifest.exports, bin: manifest.bin });
    expect(targets).not.toEqual([]);
    expect(targets.filter(({ target }) => !files.includes(target))).toEqual([]);
    expect(targets.filter(({ target }) => !/^(dist\/.*\.(js|d\.ts)|package\.json)$/.test(target))).toEqual([]);
    const conditions = new Set(
      targets.flatMap(({ way }) => way.filter((part) => !/^(\.|exports|bin|threat)/.test(part))),
    );
    expect([...conditions].filter((condition) => condition !== "types" && condition !== "default")).toEqual([]);
    for (const { way, target } of targets) if (way.at(-1) === "types") expect(target).toMatch(/\.d\.ts$/);
  });

  it("has a manifest for consumers", async () => {
    const { manifest } = await readTarball(tarballs[key]);
    expect(manifest.exports).not.toHaveProperty("./testing");
    const written = JSON.stringify(manifest);
    for (const internal of ['@tb/source"', "src/", "workspace:", "catalog:"]) expect(written).not.toContain(internal);
    const { repository, engines } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    expect(manifest).toMatchObject({
      name: published[key].name,
      type: "module",
      license: "BSD-3-Clause",
      description: expect.stringMatching(/\w/),
      engines,
      repository: { ...repository, directory: published[key].folder },
    });
    // What runs at installation would run on machines of people who only wanted the program.
    expect(Object.keys(manifest.scripts ?? {}).filter((name) => /install|prepare|pack|publish/.test(name))).toEqual([]);
  });

  it("is to the taste of publint", async () => {
    const bytes = await readFile(tarballs[key]);
    const { messages, pkg } = await publint({
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer },
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it("has types that an ES module finds, as attw sees it", async () => {
    // Fails, with its table, unless all that ES modules need is in order.
    const said = await run(process.execPath, [
      attw,
      tarballs[key],
      "--profile",
      "esm-only",
      "--no-color",
      "--no-emoji",
    ]);
    // The program has nothing to import.
    if (key === "plugin") expect(said).toContain("does not contain types");
    else expect(said).toMatch(/node16 \(from ESM\).*OK \(ESM\)/);
  });
});

it("the ranges of the optional peers are as they are written", async () => {
  const source = JSON.parse(await readFile(join(root, published.plugin.folder, "package.json"), "utf8"));
  const { manifest } = await readTarball(tarballs.plugin);
  for (const peer of ["@tb/bus-zmq", "@tb/source-kafka", "@tb/source-zmq"]) {
    expect(manifest.peerDependencies[peer]).toBe(source.peerDependencies[peer].replace(/^workspace:/, ""));
    expect(manifest.peerDependenciesMeta[peer]).toEqual({ optional: true });
    expect(manifest.dependencies).not.toHaveProperty(peer);
  }
  expect(Object.keys(manifest.peerDependencies)).toHaveLength(3);
});
