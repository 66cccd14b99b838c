import fc from "fast-check";
import { expect, it } from "vitest";
import { matchesWildcard } from "./wildcard.ts";

/** As plainly as can be, and exponential. */
function reference(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern[0] === "*")
    return reference(pattern.slice(1), text) || (text !== "" && reference(pattern, text.slice(1)));
  return text !== "" && pattern[0] === text[0] && reference(pattern.slice(1), text.slice(1));
}

it("property: decides as the plain definition does", () => {
  const pattern = fc.array(fc.constantFrom("*", "a", "b"), { maxLength: 7 }).map((parts) => parts.join(""));
  const text = fc.array(fc.constantFrom("a", "b"), { maxLength: 9 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(pattern, text, (p, t) => {
      expect([p, t, matchesWildcard(p, t)]).toEqual([p, t, reference(p, t)]);
    }),
    { numRuns: 5000 },
  );
});

it.each([
  // With backtracking, over 10 to the power of 100 ways. The test's own time limit is the assertion.
  ["the end is missing", `${"a*".repeat(50)}b`, "a".repeat(100_000)],
  ["a part before the end is missing", `*${"a*".repeat(50)}c*b`, `${"a".repeat(100_000)}b`],
  ["nearly a part, again and again", `*${"ab".repeat(2_000)}c*`, "ab".repeat(50_000)],
])("a pattern that takes a backtracking matcher for ever is decided at once: %s", (_, pattern, text) => {
  expect(matchesWildcard(pattern, text)).toBe(false);
});
