import { describe, expect, it } from "vitest";
import facts from "./__fixtures__/stix-mapping.json" with { type: "json" };
import { isMappedType, mispTypes } from "./pattern.ts";
import { mappings } from "./table.ts";
import { unmapped } from "./unmapped.ts";

/** The facts name the same places in words. */
function toTemplate(pattern: string): string {
  if (pattern.startsWith("{raw}")) return "{0}";
  return pattern
    .replace(/\{(?:value|int|value, lower case)\}/g, "{0}")
    .replace("{1 as integer}", "{1}")
    .replace("{iptype of 1}", "{iptype}");
}

describe("the table", () => {
  it.each(facts.types)("has $type as the facts have it", ({ type, pattern, pattern_type }) => {
    const mapping = mappings.get(type);
    expect(mapping?.template ?? null).toBe(pattern === null ? null : toTemplate(pattern));
    expect(mapping?.patternType ?? null).toBe(pattern_type);
  });

  it("knows every MISP type, each once, and no others", () => {
    expect([...mispTypes].sort()).toEqual(facts.types.map(({ type }) => type).sort());
  });

  it("maps no type that is listed as unmapped", () => {
    const without = unmapped.flatMap(({ types }) => types);
    expect(without.filter(isMappedType)).toEqual([]);
    expect(without.length + mappings.size).toBe(facts.types.length);
  });

  it("is not fooled by the names of object properties", () => {
    expect(["__proto__", "constructor", "toString", ""].filter(isMappedType)).toEqual([]);
  });
});
