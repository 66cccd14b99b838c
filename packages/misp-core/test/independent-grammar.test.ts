import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { pythonEnvironment, pythonIsRequired, runPython } from "../../../tools/python-environment.ts";
import { toPattern } from "../src/pattern/pattern.ts";
import { checkStixPattern } from "../src/pattern/stix-pattern-syntax.ts";
import { arbitraryAttribute } from "./arbitrary-attribute.ts";
import { arbitraryStixPattern } from "./arbitrary-stix-pattern.ts";
import { vectors } from "./vectors.ts";

const requirements = readFileSync(new URL("python/requirements.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
const environment = await pythonEnvironment({ name: "stix", requirements });

it.skipIf(!environment.ok && !pythonIsRequired)(
  `Python is ready to judge the patterns${environment.ok ? "" : ` (skipped, and with it the OASIS grammar and python-stix2: ${environment.reason})`}`,
  () => {
    expect(environment).toMatchObject({ ok: true });
  },
);

/** Every pattern of the vectors, and those of some hundred generated attributes. */
const emitted = [
  ...vectors.flatMap(({ type, value, stored }) => [toPattern(type, value), toPattern(type, stored ?? value)]),
  ...fc.sample(arbitraryAttribute, 10_000).map(([type, value]) => toPattern(type, value)),
].flatMap((result) => (result.ok ? [result] : []));
const stixPatterns = [
  ...new Set(emitted.filter(({ patternType }) => patternType === "stix").map(({ pattern }) => pattern)),
];

if (environment.ok) {
  it("the OASIS grammar takes every pattern that is emitted", { timeout: 150_000 }, async () => {
    const problems = await runPython(
      environment.python,
      new URL("python/validate_patterns.py", import.meta.url),
      stixPatterns,
    );
    expect(stixPatterns.filter((_, index) => JSON.stringify(problems[index]) !== "[]")).toEqual([]);
    expect(stixPatterns.length).toBeGreaterThan(500);
  });

  it("the OASIS grammar takes every stix2-pattern that our own check takes", { timeout: 150_000 }, async () => {
    const patterns = [...new Set(fc.sample(arbitraryStixPattern, 4000))];
    const own = patterns.map((pattern) => checkStixPattern(pattern));
    const taken = own.flatMap((check) => (check.ok ? [check.shielded] : []));
    const problems = await runPython(environment.python, new URL("python/validate_patterns.py", import.meta.url), [
      ...patterns,
      ...taken,
    ]);
    const isRight = problems.map((found) => JSON.stringify(found) === "[]");
    expect(patterns.filter((_, index) => own[index]?.ok && !isRight[index])).toEqual([]);
    expect(taken.filter((_, index) => !isRight[patterns.length + index])).toEqual([]);
    // A check that refuses everything would pass too. Of what the grammar takes, ours leaves out some on purpose.
    expect(taken.length).toBeGreaterThan(isRight.slice(0, patterns.length).filter(Boolean).length / 4);
  });

  it("python-stix2 parses an indicator with every pattern", { timeout: 150_000 }, async () => {
    const indicators = emitted.map(({ pattern, patternType }, index) => ({
      type: "indicator",
      spec_version: "2.1",
      id: "indicator--5f7b2284-bdd8-4ef4-b457-032ac0a82f02",
      created: "2020-10-05T14:00:00.000Z",
      modified: "2020-10-05T14:00:00.001Z",
      valid_from: "2020-10-05T14:00:00Z",
      pattern,
      pattern_type: patternType,
      ...(index % 2 === 0 ? {} : { x_threatbus_update: "REMOVE", valid_until: "2020-10-05T14:00:00.001Z" }),
    }));
    const parsed = await runPython(environment.python, new URL("python/parse_objects.py", import.meta.url), indicators);
    expect(parsed).toHaveLength(indicators.length);
    for (const [index, indicator] of indicators.entries()) expect(parsed[index]).toMatchObject(indicator);
  });
}
