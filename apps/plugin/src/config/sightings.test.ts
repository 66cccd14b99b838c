import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sighting } from "@tb/misp-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "./load.ts";
import { formatProblems } from "./problem.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sightings-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sighting: Sighting = {
  uuid: "7b006f11-8c6e-45a6-b80a-2e652a75d0f3",
  target: { value: "x" },
  type: 0,
  observedAtMs: 1000,
  count: 1,
  hints: { source: "VAST" },
};

function load(sightings: string, api = "api: { host: https://h, key: k3y }") {
  writeFileSync(join(folder, "config.yaml"), `plugins:\n  misp:\n    zmq: {}\n    ${api}\n${sightings}`);
  return loadConfig({ environment: {}, workingDirectory: folder });
}
function config(sightings: string, api?: string) {
  const loaded = load(sightings, api);
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return loaded;
}
function problems(sightings: string): string {
  const loaded = load(`    sightings:\n      ${sightings}\n`);
  if (loaded.ok) throw new Error("loaded");
  return formatProblems(loaded.problems);
}

describe("the section sightings", () => {
  it("need not be there", () => {
    const { sightings } = config("").config;
    expect(sightings).toMatchObject({ byValue: false, throttleMs: 0, maxRows: 100 });
    expect(sightings.source(sighting)).toBe("threatbus");
  });

  it("says how sightings are written, with its template compiled", () => {
    const written = "{ by_value: true, source: 'from {source}', throttle: 5m, max_rows: 7 }";
    const { config: loaded, warnings } = config(`    sightings: ${written}\n`);
    expect(warnings).toEqual([]);
    expect(loaded.sightings).toMatchObject({ byValue: true, throttleMs: 300_000, maxRows: 7 });
    expect(loaded.sightings.source(sighting)).toBe("from VAST");
  });

  it.each<[string, string]>([
    ["source: from {sorce}", "the template has the unknown placeholder {sorce}; did you mean {source}?"],
    ['source: ""', 'expected something that is not empty, got ""'],
    ["throttle: 5", ""],
    ["throttle: -1", "expected a number of at least 0, got -1"],
    ["throttle: often", 'expected 0 for none, or a time in seconds or such as 30s, 5m or 1h, got "often"'],
    ["max_rows: 0", "expected a number of at least 1, got 0"],
    ["max_rows: 10001", "expected a number of at most 10000, got 10001"],
    ["by_value: 1", "expected true or false, got 1"],
    ["by_vlue: true", 'unknown key "by_vlue"; did you mean "by_value"?'],
  ])("%s", (written, told) => {
    if (told === "")
      return expect(config(`    sightings:\n      ${written}\n`).config.sightings.throttleMs).toBe(5_000);
    expect(problems(written)).toBe(`config.yaml:6: plugins.misp.sightings.${written.split(":")[0]}: ${told}`);
  });

  it.each([
    ["without api", "#"],
    ["without a key", "api: { host: https://h }"],
  ])("has no effect %s, and says so", (_, api) => {
    const { warnings } = config("    sightings: { throttle: 5m }\n", api);
    expect(warnings).toContainEqual(expect.stringMatching(/^config\.yaml:5: plugins\.misp\.sightings: has no effect/));
  });
});
