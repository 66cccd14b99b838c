import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/thorough.ts";
import { escapeLiteral, unescapeLiteral } from "./escape.ts";

describe("escapeLiteral", () => {
  it("escapes the backslash before the quote", () => {
    expect(escapeLiteral("\\'")).toBe("\\\\\\'");
  });

  it("leaves every other character as it is", () => {
    const others = '\n\t\0\u2028"[]/* */// \u{1f600}';
    expect(escapeLiteral(others)).toBe(others);
  });

  it("loses nothing", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.constantFrom("\\", "'", "a")).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, (value) => unescapeLiteral(escapeLiteral(value)) === value),
      { numRuns: runs(2000) },
    );
  });

  it("gives the inside of one STIX string literal", () => {
    const text = fc.array(fc.constantFrom("\\", "'", "\n", "n", "x")).map((all) => all.join(""));
    fc.assert(
      fc.property(text, (value) => /^(?:[^'\\]|\\'|\\\\)*$/.test(escapeLiteral(value))),
      { numRuns: runs(2000) },
    );
  });
});
