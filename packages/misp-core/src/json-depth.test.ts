import fc from "fast-check";
import { expect, it } from "vitest";
import { isDeeperThan } from "./json-depth.ts";
import { runs } from "./testing/thorough.ts";

const encoder = new TextEncoder();
const depth = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;

it("property: decides as the parsed value does", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.integer({ min: 1, max: 8 }), (value, limit) => {
      expect(isDeeperThan(encoder.encode(JSON.stringify(value)), limit)).toBe(depth(value) > limit);
    }),
    { numRuns: runs(2000) },
  );
});

it("brackets in strings do not count, also behind escaped quotes and backslashes", () => {
  const text = JSON.stringify({ a: `${"[".repeat(100)}"`, b: `\\${"{".repeat(100)}`, c: "\\" });
  expect(isDeeperThan(encoder.encode(text), 2)).toBe(false);
});

it("a string that does not end, and closing brackets alone, are no nesting", () => {
  expect(isDeeperThan(encoder.encode(`"${"[".repeat(100)}`), 5)).toBe(false);
  expect(isDeeperThan(encoder.encode("]".repeat(100)), 5)).toBe(false);
});
