import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFilter, type FilterItem } from "./filter.ts";
import { runs } from "./testing/thorough.ts";

const uuid = "3b53361a-72a6-470d-8035-ffc51285a83d";
const otherUuid = "55f6ea5e-2c60-40e5-964f-47a8950d210f";

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
    expect(filter.couldMatch({ orgUuid: uuid, type: "x" })).toBe(true);
    expect(filter.couldMatch({ orgId: 2, orgUuid: uuid, type: "x" })).toBe(false);
  });

  it("a known part of an organisation settles names of its kind alone", () => {
    const [byId, byUuid] = [createFilter([{ orgs: ["1"] }]), createFilter([{ orgs: [uuid] }])];
    expect([byId.couldMatch({ orgId: 2, type: "x" }), byUuid.couldMatch({ orgId: 2, type: "x" })]).toEqual([
      false,
      true,
    ]);
    expect(createFilter([{ orgs: ["1", uuid] }]).couldMatch({ orgId: 2, type: "x" })).toBe(true);
  });

  it("tags match whatever their case, with wildcards", () => {
    const filter = createFilter([{ tags: ["tlp:*", 'misp-galaxy:threat-actor="apt*"'] }]);
    const passes = (tag: string) => filter.matches({ type: "x", tags: [tag] });
    expect(passes("TLP:Amber")).toBe(true);
    expect(passes('misp-galaxy:threat-actor="APT 29"')).toBe(true);
    expect(passes("xtlp:red")).toBe(false);
  });

  it("says which types could pass, and whether tags matter", () => {
    expect(createFilter([{ types: ["a"] }, { types: ["b", "a"], tags: ["t"] }])).toMatchObject({
      types: ["a", "b"],
      usesTags: true,
    });
    expect(createFilter([{ types: ["a"] }, { orgs: ["1"] }])).toMatchObject({ types: undefined, usesTags: false });
  });

  describe("property", () => {
    const some = (...values: string[]) =>
      fc.option(fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }), { nil: undefined });
    const item = fc
      .record({ orgs: some("1", "2", uuid), types: some("a", "b"), tags: some("x", "y", "x*", "*") })
      .map((keys) => Object.fromEntries(Object.entries(keys).filter(([, values]) => values !== undefined)));
    const items = fc.array(item as fc.Arbitrary<FilterItem>, { maxLength: 4 });
    const subject = fc.record(
      {
        orgId: fc.integer({ min: 1, max: 3 }),
        orgUuid: fc.constantFrom(uuid, otherUuid),
        type: fc.constantFrom("a", "b", "c"),
        tags: fc.subarray(["X", "y", "xy", "z"]),
      },
      { requiredKeys: ["type", "tags"] },
    );

    it("decides as the plain definition does", () => {
      const outcomes = { passed: 0, withheld: 0 };
      fc.assert(
        fc.property(items, subject, (whitelist, about) => {
          const { orgId, orgUuid, type, tags } = about;
          const tagPasses = (wanted: string) =>
            tags.some((tag) =>
              wanted.endsWith("*") ? tag.toLowerCase().startsWith(wanted.slice(0, -1)) : wanted === tag.toLowerCase(),
            );
          const passes =
            whitelist.length === 0 ||
            whitelist.some(
              (keys) =>
                (keys.orgs?.some((org) => org === `${orgId}` || org === orgUuid) ?? true) &&
                (keys.types?.includes(type) ?? true) &&
                (keys.tags?.some(tagPasses) ?? true),
            );
          outcomes[passes ? "passed" : "withheld"] += 1;
          expect(createFilter(whitelist).matches(about)).toBe(passes);
        }),
        { numRuns: runs(2000) },
      );
      expect(Math.min(outcomes.passed, outcomes.withheld)).toBeGreaterThan(10);
    });

    it("what could match is exactly what matches once its organisation is known and it has the right tags", () => {
      fc.assert(
        fc.property(items, subject, (whitelist, { orgId, orgUuid, type }) => {
          const filter = createFilter(whitelist);
          const tags = ["x", "y"];
          const matchesSomehow = [orgId, 1, 2, 3].some((id) =>
            [orgUuid, uuid, otherUuid].some((name) =>
              filter.matches({ orgId: orgId ?? id, orgUuid: orgUuid ?? name, type, tags }),
            ),
          );
          expect(filter.couldMatch({ orgId, orgUuid, type })).toBe(matchesSomehow);
          if (filter.types !== undefined && !filter.types.includes(type)) expect(matchesSomehow).toBe(false);
        }),
        { numRuns: runs(2000) },
      );
    });
  });
});
