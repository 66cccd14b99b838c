import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate, type Subject } from "./evaluate.ts";
import { explainVerdict } from "./explain.ts";
import { createFilter, type Filter, type FilterItem } from "./filter.ts";
import { noTags } from "./tag-set.ts";

const content = {
  type: "domain",
  value: "evil.example",
  category: "",
  comment: "",
  toIds: true,
  deleted: false,
  timestamp: 1,
};
const subject: Subject = { content, ownTags: [], eventTags: [], event: { id: 1, orgId: 3, atMs: 1, tags: noTags } };
const everything = createFilter([]);
const failing = (asked: Subject, filter: Filter) =>
  explainVerdict(asked, filter).gates.filter(({ passed }) => passed === false);

describe("explainVerdict", () => {
  it("shows every gate in the order in which they are tried", () => {
    const { gates, verdict, pattern } = explainVerdict(subject, everything);
    expect(gates.map(({ gate, passed }) => [gate, passed])).toEqual([
      ["event_deleted", true],
      ["deleted", true],
      ["not_to_ids", true],
      ["unmapped_type", true],
      ["unusable_value", true],
      ["filter", true],
    ]);
    expect(verdict).toHaveProperty("announce");
    expect(pattern).toBe("[domain-name:value = 'evil.example']");
  });

  it("shows the gates behind the first that does not pass, too", () => {
    const withheld = { ...subject, content: { ...content, toIds: false, deleted: true } };
    const filter = createFilter([{ types: ["ip-dst"] }]);
    expect(explainVerdict(withheld, filter).verdict).toEqual({ withhold: "deleted" });
    expect(failing(withheld, filter).map(({ gate }) => gate)).toEqual(["deleted", "not_to_ids", "filter"]);
  });

  it("cannot try a value without a pattern for its type", () => {
    const { gates, pattern } = explainVerdict({ ...subject, content: { ...content, type: "comment" } }, everything);
    expect(gates.find(({ gate }) => gate === "unusable_value")?.passed).toBeUndefined();
    expect(gates.find(({ gate }) => gate === "unmapped_type")?.passed).toBe(false);
    expect(pattern).toBeUndefined();
  });

  it.each<[string, Partial<Subject>, string]>([
    ["a deleted event", { event: { id: 1, atMs: 1, tags: noTags, deleted: true } }, "the event was deleted in MISP"],
    ["a soft deletion", { content: { ...content, deleted: true } }, "it can be restored"],
    ["a hard deletion", { gone: "attribute-deleted" }, "deleted in MISP for good"],
    ["a new import", { gone: "superseded" }, "a newer attribute has taken over this UUID"],
    ["no IDS flag", { content: { ...content, toIds: false } }, "to_ids"],
    ["a type without a pattern", { content: { ...content, type: "comment" } }, "type comment has no STIX pattern"],
    ["a value that is none", { content: { ...content, type: "ip-dst", value: "x" } }, "ip-dst: expected"],
  ])("says what is wrong: %s", (_, part, text) => {
    const [first] = failing({ ...subject, ...part }, everything);
    expect(first?.detail).toContain(text);
  });

  it("says on what each item of the filter failed, and what it was asked", () => {
    const filter = createFilter([
      { types: ["ip-dst"], orgs: ["3"] },
      { types: ["domain"], orgs: ["4"], tags: ["tlp:green"] },
    ]);
    const explained = explainVerdict({ ...subject, eventTags: [{ name: "TLP:RED" }] }, filter);
    expect(explained.filter.asked).toEqual({ orgId: 3, orgUuid: undefined, type: "domain", tags: ["TLP:RED"] });
    expect(explained.filter.items).toEqual([
      { item: filter.items[0], failed: ["types"] },
      { item: filter.items[1], failed: ["orgs", "tags"] },
    ]);
    expect(failing(subject, filter)[0]?.detail).toBe("no item of the filter matches");
    const second = explainVerdict(
      { ...subject, eventTags: [] },
      createFilter([{ tags: ["x"] }, { types: ["domain"] }]),
    );
    expect(second.gates.at(-1)).toEqual({ gate: "filter", passed: true, detail: "item 2 of the filter matches" });
  });

  it("never disagrees with evaluate: the verdict is the first gate that does not pass", () => {
    // Mostly what passes, so that every gate comes to be the first that does not.
    const mostly = <T>(usual: T, ...others: readonly T[]) =>
      fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
    const firsts = new Set<string | undefined>();
    const tag = fc.constantFrom("tlp:red", "TLP:Green", "apt:one").map((name) => ({ name }));
    const subjects: fc.Arbitrary<Subject> = fc.record({
      content: fc.record({
        type: mostly("domain", "ip-dst", "comment"),
        value: mostly("evil.example", "198.51.100.7", "not a value"),
        category: fc.constant(""),
        comment: fc.constant(""),
        toIds: mostly(true, false),
        deleted: mostly(false, true),
        timestamp: fc.constant(1),
      }),
      gone: mostly<Subject["gone"]>(undefined, "attribute-deleted", "event-deleted", "superseded"),
      ownTags: fc.array(tag, { maxLength: 2 }),
      eventTags: fc.array(tag, { maxLength: 2 }),
      event: mostly<Subject["event"]>(subject.event, undefined, { id: 1, atMs: 1, tags: noTags, deleted: true }),
    });
    const some = <T>(...values: T[]) => fc.subarray(values, { minLength: 1 });
    const items: fc.Arbitrary<FilterItem[]> = fc.array(
      fc.record(
        { orgs: some("3", "4"), types: some("domain", "ip-dst"), tags: some("tlp:*", "apt:one") },
        { requiredKeys: [] },
      ),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(subjects, items, (asked, list) => {
        const filter = createFilter(list);
        const { gates, verdict, filter: answer, pattern } = explainVerdict(asked, filter);
        expect(verdict).toEqual(evaluate(asked, filter));
        const first = gates.find(({ passed }) => passed !== true);
        expect("withhold" in verdict ? verdict.withhold : undefined).toBe(first?.gate);
        if ("announce" in verdict) expect(pattern).toBe(verdict.announce.pattern);
        const passes = answer.items.length === 0 || answer.items.some(({ failed }) => failed.length === 0);
        expect(filter.matches(answer.asked)).toBe(passes);
        expect(gates.at(-1)?.passed).toBe(passes);
        firsts.add(first?.gate);
      }),
      { numRuns: 500 },
    );
    expect(firsts.size).toBe(7);
  });
});
