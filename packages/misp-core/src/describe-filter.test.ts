import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeFilter } from "./describe-filter.ts";
import { createFilter, type FilterItem, type FilterSubject } from "./filter.ts";
import { runs } from "./testing/thorough.ts";

describe("describeFilter", () => {
  it.each<[string, readonly FilterItem[]]>([
    ["everything", []],
    ["everything", [{}]],
    ["everything", [{ orgs: ["1"] }, {}]],
    ["org 1", [{ orgs: ["1"] }]],
    ["org 1 OR org 25", [{ orgs: ["1", "25"] }]],
    ["org 1 AND type domain", [{ orgs: ["1"], types: ["domain"] }]],
    ["(org 1 OR org 25) AND (type domain OR type url)", [{ orgs: ["1", "25"], types: ["domain", "url"] }]],
    ["org 1 AND type url AND (tag a OR tag b)", [{ tags: ["a", "b"], types: ["url"], orgs: ["1"] }]],
    ["org 1 OR type url OR tag a", [{ orgs: ["1"] }, { types: ["url"] }, { tags: ["a"] }]],
    ["(org 1 AND type url) OR tag a", [{ orgs: ["1"], types: ["url"] }, { tags: ["a"] }]],
    ["((org 1 OR org 2) AND tag a) OR org 3", [{ orgs: ["1", "2"], tags: ["a"] }, { orgs: ["3"] }]],
  ])("%s", (expression, items) => {
    expect(describeFilter({ items })).toBe(expression);
  });

  it("property: read as an expression, it decides as the filter does", () => {
    const some = (...values: string[]) =>
      fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }), { nil: undefined });
    const item = fc
      .record({ orgs: some("1", "2"), types: some("domain", "url"), tags: some("a", "b") })
      .map((keys) => Object.fromEntries(Object.entries(keys).filter(([, values]) => values !== undefined)));
    const subject = fc.record({
      orgId: fc.integer({ min: 1, max: 3 }),
      type: fc.constantFrom("domain", "url", "md5"),
      tags: fc.subarray(["a", "b", "c"]),
    });
    fc.assert(
      fc.property(fc.array(item as fc.Arbitrary<FilterItem>, { maxLength: 4 }), subject, (items, about) => {
        const expression = describeFilter({ items });
        expect([expression, read(expression, about)]).toEqual([expression, createFilter(items).matches(about)]);
      }),
      { numRuns: runs(2000) },
    );
  });
});

/** Reads an expression as a person would who knows no rule of precedence: AND and OR side by side are refused. */
function read(expression: string, { orgId, type, tags }: FilterSubject): boolean {
  if (expression === "everything") return true;
  const tokens = expression.match(/[()]|AND|OR|(?:org|type|tag) [^\s()]+/g) ?? [];
  const term = (): boolean => {
    const token = tokens.shift() ?? "";
    if (token === "(") {
      const value = sequence();
      if (tokens.shift() !== ")") throw new Error(`${expression} does not close a bracket`);
      return value;
    }
    const [word, name = ""] = token.split(" ");
    if (word === "org") return String(orgId) === name;
    return word === "type" ? type === name : tags.includes(name);
  };
  const sequence = (): boolean => {
    const values = [term()];
    const operators = new Set<string>();
    while (tokens[0] === "AND" || tokens[0] === "OR") {
      operators.add(tokens.shift() ?? "");
      values.push(term());
    }
    if (operators.size > 1) throw new Error(`${expression} has AND and OR side by side`);
    return operators.has("OR") ? values.includes(true) : !values.includes(false);
  };
  const value = sequence();
  if (tokens.length > 0) throw new Error(`${expression} goes on after its end`);
  return value;
}
