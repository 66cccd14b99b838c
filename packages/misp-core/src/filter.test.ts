import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFilter, type FilterItem } from "./filter.ts";
import { runs } from "./testing/thorough.ts";

const uuid = "3b53361a-72a6-470d-8035-ffc51285a83d";

describe("createFilter", () => {
  it("OR between items, AND between keys, OR inside each", () => {
    const filter = createFilter([{ orgs: ["1", "2"], types: ["domain"], tags: ["a", "b"] }, { types: ["url"] }]);
    const passes = (orgId: number, type: string, ...tags: string[]) => filter.matches({ orgId, type, tags });
    expect(passes(1, "domain", "a")).toBe(true);
    expect(passes(2, "domain", "x", "b")).toBe(true);
    expect(passes(3, "domain", "a")).toBe(false);
    expect(passes(1, "ip-src", "a")).toBe(false);
    expect(passes(1, "domain", "c")).toBe(false);
    expect(passes(9, "url")).toBe(true);
  });

  it("no items let everything through", () => {
    expect(createFilter([]).matches({ type: "x", tags: [] })).toBe(true);
    expect(createFilter([]).types).toBeUndefined();
  });

  it("organisations match by id or by UUID", () => {
    const filter = createFilter([{ orgs: [uuid, "5"] }]);
    expect(filter.matches({ orgId: 1, orgUuid: uuid, type: "x", tags: [] })).toBe(true);
    expect(filter.matches({ orgId: 5, type: "x", tags: [] })).toBe(true);
    expect(filter.matches({ orgId: 1, orgUuid: uuid.replace("3", "4"), type: "x", tags: [] })).toBe(false);
  });

  it("an organisation that is not known matches nothing, but could", () => {
    const filter = createFilter([{ orgs: ["1"] }]);
    expect(filter.matches({ type: "x", tags: [] })).toBe(false);
    expect(filter.couldMatch({ type: "x" })).toBe(true);
    expect(filter.couldMatch({ orgId: 2, type: "x" })).toBe(true);
    expect(filter.couldMatch({ orgId: 2, orgUuid: uuid, type: "x" })).toBe(false);
  });

  it("tags match whatever their case, with wildcards", () => {
    const filter = createFilter([{ tags: ["tlp:*", 'misp-galaxy:threat-actor="apt*"'] }]);
    const passes = (tag: string) => filter.matches({ type: "x", tags: [tag] });
    expect(passes("TLP:Amber")).toBe(true);
    expect(passes('misp-galaxy:threat-actor="APT 29"')).toBe(true);
    expect(passes("xtlp:red")).toBe(false);
  });

  it("says which types could pass, and whether tags matter", () => {
    expect(createFilter([{ types: ["a"] }, { types: ["b"], tags: ["t"] }])).toMatchObject({
      types: ["a", "b"],
      usesTags: true,
    });
    expect(createFilter([{ types: ["a"] }, { orgs: ["1"] }])).toMatchObject({ types: undefined, usesTags: false });
  });

  it("property: what matches could match, and tags alone never widen", () => {
    const word = fc.constantFrom("a", "b", "c*", "*");
    const list = fc.option(fc.array(word, { minLength: 1 }), { nil: undefined });
    const item = fc
      .record({
        orgs: fc.option(fc.array(fc.constantFrom("1", "2", uuid), { minLength: 1 }), { nil: undefined }),
        types: list,
        tags: list,
      })
      .map((i) => Object.fromEntries(Object.entries(i).filter(([, v]) => v !== undefined)) as FilterItem);
    const subject = fc.record(
      {
        orgId: fc.integer({ min: 1, max: 3 }),
        orgUuid: fc.constant(uuid),
        type: fc.constantFrom("a", "b", "d"),
        tags: fc.array(fc.string()),
      },
      { requiredKeys: ["type", "tags"] },
    );
    fc.assert(
      fc.property(fc.array(item), subject, (items, s) => {
        const filter = createFilter(items);
        if (filter.matches(s)) expect(filter.couldMatch(s)).toBe(true);
        if (filter.types !== undefined && !filter.types.includes(s.type)) expect(filter.couldMatch(s)).toBe(false);
      }),
      { numRuns: runs(2000) },
    );
  });
});
