import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "./testing/thorough.ts";
import { matchesWildcard } from "./wildcard.ts";

/** As plainly as can be, and exponential. */
function reference(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern[0] === "*")
    return reference(pattern.slice(1), text) || (text !== "" && reference(pattern, text.slice(1)));
  return text !== "" && pattern[0] === text[0] && reference(pattern.slice(1), text.slice(1));
}

it.each<[string, string, boolean]>([
  ["tlp:red", "tlp:red", true],
  ["tlp:red", "tlp:red ", false],
  ["tlp:*", "tlp:amber+strict", true],
  ["tlp:*", "tlp:", true],
  ["*", "", true],
  ["", "", true],
  ["", "a", false],
  ["*:confidence-*", "misp:confidence-level", true],
  // The same letters cannot serve for the beginning and the end.
  ["ab*ba", "aba", false],
  ["a.c*", "abc", false],
])("%s against %s", (pattern, text, expected) => {
  expect(matchesWildcard(pattern, text)).toBe(expected);
});

it("property: decides as the plain definition does", () => {
  const pattern = fc.array(fc.constantFrom("*", "a", "b"), { maxLength: 7 }).map((parts) => parts.join(""));
  const text = fc.array(fc.constantFrom("a", "b"), { maxLength: 9 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(pattern, text, (p, t) => {
      expect([p, t, matchesWildcard(p, t)]).toEqual([p, t, reference(p, t)]);
    }),
    { numRuns: runs(5000) },
  );
});

describe("a pattern that takes a backtracking matcher for ever", () => {
  // With backtracking, over 10 to the power of 100 ways.
  const cases: readonly [string, string, string][] = [
    ["the end is missing", `${"a*".repeat(50)}b`, "a".repeat(100_000)],
    ["a part before the end is missing", `*${"a*".repeat(50)}c*b`, `${"a".repeat(100_000)}b`],
    ["nearly a part, again and again", `*${"ab".repeat(2_000)}c*`, "ab".repeat(50_000)],
  ];

  it.each(cases)("looks at each character about once: %s", (_, pattern, text) => {
    expect(matchesWildcard(pattern, withBudget(text, 1.5 * text.length))).toBe(false);
    expect(matchesWildcard(pattern, text)).toBe(false);
  });

  it("exhausts the budget of one that does backtrack", () => {
    expect(() => reference("*a*a*b", withBudget("a".repeat(1_000), 1_500))).toThrow("looked at too much");
  });
});

/** A text that throws once more of its characters were looked at than a budget allows. A clock would say it late, or never. */
function withBudget(text: string, budget: number): string {
  let looks = 0;
  const spend = (count: number) => {
    looks += count;
    if (looks > budget) throw new Error("looked at too much");
  };
  const wrap = (plain: string): string => {
    const handler: ProxyHandler<object> = {
      get(_, key) {
        spend(1);
        const member: unknown = Reflect.get(Object(plain), key);
        if (typeof member !== "function") return member;
        return (...parameters: unknown[]) => {
          const result: unknown = member.apply(plain, parameters);
          // A search looks at all that lies between where it begins and what it finds.
          if (key === "indexOf")
            spend((Number(result) < 0 ? plain.length : Number(result)) - Number(parameters[1] ?? 0));
          return typeof result === "string" && result.length > 1 ? wrap(result) : result;
        };
      },
    };
    return new Proxy({}, handler) as unknown as string;
  };
  return wrap(text);
}
