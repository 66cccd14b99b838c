import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileFilter } from "./compile-filter.ts";
import { describeFilter } from "./describe-filter.ts";
import { mutating, runs } from "./testing/thorough.ts";

const expression = (raw: unknown) => {
  const compiled = compileFilter(raw);
  return compiled.ok ? describeFilter(compiled.filter) : compiled.problems;
};
const problems = (raw: unknown) => {
  const compiled = compileFilter(raw);
  if (compiled.ok) throw new Error(`compiled to ${describeFilter(compiled.filter)}`);
  return compiled.problems;
};
const warnings = (raw: unknown) => {
  const compiled = compileFilter(raw);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.warnings;
};

describe("the three examples of Threat Bus' documentation", () => {
  it("everything of two organisations", () => {
    const raw = [{ orgs: ["1", "25"] }];
    expect(expression(raw)).toBe("org 1 OR org 25");
    expect(warnings(raw)).toEqual([]);
  });

  it("only these types, and only from these organisations", () => {
    const raw = [{ orgs: ["1", "25"] }, { types: ["domain", "url", "uri"] }];
    expect(expression(raw)).toBe("(org 1 OR org 25) AND (type domain OR type url OR type uri)");
    const compiled = compileFilter(raw);
    const passes = (orgId: number, type: string) => compiled.ok && compiled.filter.matches({ orgId, type, tags: [] });
    expect([passes(1, "domain"), passes(25, "uri"), passes(2, "domain"), passes(1, "ip-src")]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it("only this type, and only with one of these tags", () => {
    const raw = [{ tags: ["TLP:RED", "TLP:AMBER"] }, { types: ["src-ip"] }];
    expect(expression(raw)).toBe("type ip-src AND (tag tlp:red OR tag tlp:amber)");
    expect(warnings(raw).map(({ message }) => message)).toContain('"src-ip" is read as MISP\'s type "ip-src"');
  });
});

describe("AND and OR", () => {
  it("a list of single, different keys is AND, and the warning shows both spellings, which compile to what they say", () => {
    const [warning] = warnings([{ orgs: [1] }, { tags: ["a", 'b="c"'] }]);
    const { message } = warning ?? { message: "" };
    expect(message).toContain('org 1 AND (tag a OR tag b="c")');
    // YAML flow mappings of plain keys with JSON lists: quoting the keys makes them JSON.
    const json = (text: string) => JSON.parse(text.replace(/\b(orgs|types|tags|any):/g, '"$1":'));
    expect(message).toContain('(org 1 OR tag a OR tag b="c")');
    const explicit = /filter: (\[\{.*?\}\])\. For OR/.exec(message)?.[1] ?? "";
    const either = /filter: (\{ any: .*\})$/.exec(message)?.[1] ?? "";
    expect(expression(json(explicit))).toBe('org 1 AND (tag a OR tag b="c")');
    expect(warnings(json(explicit))).toEqual([]);
    expect(expression(json(either))).toBe('org 1 OR tag a OR tag b="c"');
    expect(warnings(json(either))).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["one item", [{ orgs: [1] }], "org 1"],
    ["the same key twice", [{ orgs: [1] }, { orgs: [2] }], "org 1 OR org 2"],
    ["an item with two keys", [{ orgs: [1], types: ["url"] }, { tags: ["x"] }], "(org 1 AND type url) OR tag x"],
    ["any", { any: [{ orgs: [1] }, { types: ["url"] }] }, "org 1 OR type url"],
    ["one mapping instead of a list", { orgs: [1], types: ["url"] }, "org 1 AND type url"],
    [
      "three single, different keys",
      [{ orgs: [1] }, { types: ["url"] }, { tags: ["x"] }],
      "org 1 AND type url AND tag x",
    ],
  ])("%s", (_, raw, expected) => {
    expect(expression(raw)).toBe(expected);
  });

  it("the warning spells what the items mean, not what was written: no alias, no capitals", () => {
    const [, merged] = warnings([{ types: ["src-ip"] }, { tags: ["TLP:RED"] }]);
    expect(merged?.message).toBe(
      "a list of items with one key each is read as AND, as Threat Bus' documentation means it: type ip-src AND tag tlp:red. " +
        'To say so explicitly: filter: [{ types: ["ip-src"], tags: ["tlp:red"] }]. ' +
        'For OR (type ip-src OR tag tlp:red): filter: { any: [{ types: ["ip-src"] }, { tags: ["tlp:red"] }] }',
    );
  });

  it("no filter lets everything through", () => {
    expect(expression(undefined)).toBe("everything");
  });
});

describe("what is empty is an error, not an open gate", () => {
  it.each<[string, unknown]>([
    ["null", null],
    ["an empty list", []],
    ["an empty mapping", {}],
    ["an item that is null", [null]],
    ["an item that is empty", [{}]],
    ["a key that is null", [{ orgs: null }]],
    ["a key with an empty list", [{ types: [] }]],
    ["a key with an empty text", [{ tags: [""] }]],
    ["any with nothing", { any: null }],
    ["any with an empty list", { any: [] }],
    ["any beside other keys", { any: [{ orgs: [1] }], types: ["url"] }],
    ["a text", "domain"],
    ["a list of texts", ["domain"]],
    ["an unknown key", [{ type: ["domain"] }]],
    ["an organisation's name", [{ orgs: ["CIRCL"] }]],
    ["an organisation 0", [{ orgs: [0] }]],
    ["a mapping as value", [{ tags: [{ name: "x" }] }]],
    ["a boolean as value", [{ tags: [true] }]],
  ])("%s", (_, raw) => {
    expect(problems(raw).length).toBeGreaterThan(0);
    for (const { message } of problems(raw)) expect(message.length).toBeGreaterThan(10);
  });

  it.each<[unknown, string, string]>([
    [null, "", 'expected a list of items, got nothing (null); an empty filter does not mean "everything"'],
    [[], "", 'expected a list of items, got an empty list; an empty filter does not mean "everything"'],
    ["domain", "", 'expected a list of items, got "domain"'],
    [{ any: { orgs: [1] } }, "any", "expected a list of items, got a mapping"],
    [{}, "", "expected a mapping with orgs, types or tags, got an empty mapping"],
    [[["a"]], "0", "expected a mapping with orgs, types or tags, got a list"],
    [
      { tags: [] },
      "tags",
      'expected a list with at least one value, got an empty list; an empty list does not mean "all"',
    ],
    [[{ tags: true }], "0.tags", "expected a list with at least one value, got true"],
    [[{ tags: [1.5] }], "0.tags.0", "expected a text or a whole number, got 1.5"],
    [
      { any: [{ types: [] }] },
      "any.0.types",
      'expected a list with at least one value, got an empty list; an empty list does not mean "all"',
    ],
    [{ any: [{ orgs: [1] }], tags: ["x"] }, "tags", '"tags" cannot stand beside "any"'],
    [[{ orgs: ["CIRCL"] }], "0.orgs.0", '"CIRCL" is neither an organisation\'s id nor its UUID'],
  ])("%j says where and what", (raw, place, message) => {
    expect(problems(raw).map((problem) => [problem.path.join("."), problem.message])).toEqual([[place, message]]);
  });

  it("all problems are reported at once, each with its place", () => {
    const places = problems([{ orgs: ["x"], type: [1] }, { types: [] }, 5]).map(({ path }) => path.join("."));
    expect(places).toEqual(["0.orgs.0", "0.type", "1.types", "2"]);
  });

  it("an unknown key is answered with the one that was meant", () => {
    expect(problems([{ tag: ["x"] }])[0]?.suggestion).toBe('did you mean "tags"?');
  });
});

describe("values", () => {
  it("organisations are ids, as number or text, or UUIDs in any case", () => {
    expect(expression([{ orgs: [1, "25", "3B53361A-72A6-470D-8035-FFC51285A83D"] }])).toBe(
      "org 1 OR org 25 OR org 3b53361a-72a6-470d-8035-ffc51285a83d",
    );
  });

  it("one value needs no list", () => {
    expect(expression([{ orgs: 1, tags: "x" }])).toBe("org 1 AND tag x");
  });

  it("written twice counts once", () => {
    expect(expression([{ orgs: [1, "1"], types: ["dst-ip", "ip-dst"], tags: ["X", "x"] }])).toBe(
      "org 1 AND type ip-dst AND tag x",
    );
  });

  it("a key too many is answered with what there is, one that resembles nothing with that alone", () => {
    expect(problems([{ orgs: [1], organisation: [2] }])).toEqual([
      { path: [0, "organisation"], message: 'unknown key "organisation"; an item has orgs, types and tags' },
    ]);
  });

  it("an unknown type warns with the nearest real one; only unknown ones are an error", () => {
    expect(warnings([{ types: ["xyz", "url"] }])).toEqual([
      { path: [0, "types", 0], message: 'MISP has no attribute type "xyz"' },
    ]);
    expect(problems([{ types: ["xyz"] }])).toMatchObject([{ suggestion: "docs/mapping.md lists MISP's types" }]);
    expect(warnings([{ types: ["domian", "url"] }])).toMatchObject([{ path: [0, "types", 0], suggestion: "domain" }]);
    expect(problems([{ types: ["domian", "xyz"] }])).toMatchObject([
      { path: [0, "types"], suggestion: "write domain" },
    ]);
  });
});

describe("property", () => {
  const oneOrMore = (...values: readonly unknown[]) =>
    fc.oneof(fc.constantFrom(...values), fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }));
  const plausible = fc.record(
    {
      orgs: oneOrMore("1", 25, "3B53361A-72A6-470D-8035-FFC51285A83D"),
      types: oneOrMore("src-ip", "domain", "domian"),
      tags: oneOrMore("*", "tlp:*", "TLP:RED"),
    },
    { requiredKeys: [] },
  );
  const key = fc.oneof(fc.constantFrom("orgs", "types", "tags"), fc.string());
  const item = fc.oneof(
    { weight: 20, arbitrary: plausible },
    { weight: 1, arbitrary: fc.dictionary(key, fc.jsonValue({ maxDepth: 1 })) },
  );
  const items = fc.array(item, { minLength: 1, maxLength: 3 });
  const raw = fc.oneof(items, fc.record({ any: items }), item, fc.jsonValue());
  const subject = fc.record(
    {
      orgId: fc.constantFrom(1, 2, 25),
      orgUuid: fc.oneof(fc.constant("3b53361a-72a6-470d-8035-ffc51285a83d"), fc.string()),
      type: fc.oneof(fc.constantFrom("domain", "ip-src"), fc.string()),
      tags: fc.array(fc.oneof(fc.constantFrom("TLP:RED", "tlp:amber"), fc.string())),
    },
    { requiredKeys: ["type", "tags"] },
  );

  it("nothing that YAML can hold makes it throw, and what it made of it decides about anything", () => {
    const outcomes = { refused: 0, matched: 0, withheld: 0 };
    fc.assert(
      fc.property(raw, subject, (written, about) => {
        const compiled = compileFilter(written);
        if (!compiled.ok) {
          outcomes.refused += 1;
          expect(compiled.problems.length).toBeGreaterThan(0);
          return;
        }
        expect(describeFilter(compiled.filter)).not.toBe("");
        const matched = compiled.filter.matches(about);
        outcomes[matched ? "matched" : "withheld"] += 1;
        if (matched) expect(compiled.filter.couldMatch(about)).toBe(true);
      }),
      { numRuns: runs(2000) },
    );
    // A property whose cases all go one way says nothing.
    if (!mutating) for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(20);
  });

  it("what is present but empty never lets anything through", () => {
    const empty = fc.constantFrom<unknown>(null, [], {}, "", [null], [""]);
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<object>({ orgs: ["1"] }, { types: ["domain"] }, { tags: ["x"], orgs: [2] })),
        fc.constantFrom("orgs", "types", "tags"),
        empty,
        (others, emptied, nothing) => {
          expect(compileFilter([...others, { [emptied]: nothing }]).ok).toBe(false);
          expect(compileFilter({ any: [...others, { [emptied]: nothing }] }).ok).toBe(false);
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
