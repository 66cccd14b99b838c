import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { loadConfig } from "./load.ts";
import { fileSchema, jsonSchema, knownKeys } from "./schema.ts";
import { type ConfigPath, getIn, isMapping } from "./tree.ts";

const file = fileURLToPath(new URL("../../config.yaml.example", import.meta.url));
const text = readFileSync(file, "utf8");
/** Every setting that is commented out, put in. Lines of prose do not begin with a key. */
const everything = parse(text.replace(/^( *)# ( *[a-z_.]+: |[a-z]+:$| +[a-z]+: *(?:#|$))/gm, "$1$2"));

/** Every setting that the schema knows, in the layout of today. */
function settings(path: ConfigPath = []): readonly ConfigPath[] {
  const keys = knownKeys(path).filter((key) => !(path.join() === "plugins" && key !== "apps"));
  return keys.length === 0 ? [path] : keys.flatMap((key) => settings([...path, key]));
}

describe("config.yaml.example", () => {
  it("loads without a warning", () => {
    expect(loadConfig({ file, environment: {}, workingDirectory: "/" })).toMatchObject({ ok: true, warnings: [] });
  });

  it("has every setting, and no other", () => {
    expect(settings().length).toBeGreaterThan(25);
    for (const path of settings()) expect([path.join("."), getIn(everything, path)]).not.toContain(undefined);
    expect(fileSchema.safeParse(everything).error).toBeUndefined();
  });

  it("shows defaults where there are some", () => {
    const bare = fileSchema.parse({
      plugins: { apps: { misp: { zmq: {}, api: { host: "https://h" }, kafka: { topics: "a", config: {} } }, zmq: {} } },
    });
    const shown = fileSchema.parse(everything);
    const defaults = settings().filter((path) => {
      const value = getIn(bare, path);
      return value !== undefined && !isMapping(value) && !/api\.host|kafka\.topics/.test(path.join("."));
    });
    expect(defaults.length).toBeGreaterThan(10);
    for (const path of defaults) expect([path, getIn(shown, path)]).toEqual([path, getIn(bare, path)]);
  });
});

describe("the JSON Schema for editors", () => {
  const forEditors = z.fromJSONSchema(jsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
  const misp = (section: object) => ({ plugins: { apps: { misp: section } } });

  it("accepts the example, whole, and what Threat Bus had", () => {
    expect(forEditors.safeParse(parse(text)).error).toBeUndefined();
    expect(forEditors.safeParse(everything).error).toBeUndefined();
    expect(forEditors.safeParse({ plugins: { misp: { zmq: {} }, inmem: null }, other: 1 }).success).toBe(true);
  });

  it.each<[string, unknown, boolean]>([
    ["one value without a list", { orgs: 1, tags: "x" }, true],
    ["any", { any: [{ types: ["url"] }] }, true],
    ["an empty list", [], false],
    ["an empty item", [{}], false],
    ["an unknown key", [{ type: ["url"] }], false],
    ["an empty key", [{ types: [] }], false],
  ])("a filter with %s: %j", (_, filter, accepted) => {
    expect(forEditors.safeParse(misp({ zmq: {}, filter })).success).toBe(accepted);
  });

  it.each([
    ["an unknown key", { zmq: { hst: "a" } }],
    ["a port out of range", { zmq: { port: 70_000 } }],
    ["a time without a unit", { kafka: { topics: ["a"], config: {}, poll_interval: "5" } }],
    ["a distribution that MISP does not have", { zmq: {}, distribution: [5] }],
    ["a validity without a time", { zmq: {}, valid_for: { "ip-dst": "soon" } }],
    ["exceptions without a file", { zmq: {}, except: {} }],
  ])("marks %s", (_, section) => {
    expect(forEditors.safeParse(misp(section)).success).toBe(false);
  });
});
