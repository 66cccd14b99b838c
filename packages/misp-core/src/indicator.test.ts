import { describe, expect, it } from "vitest";
import type { Announced, IndexEntry } from "./index-entry.ts";
import { toAnnouncement, toRemovals } from "./indicator.ts";
import { noTags } from "./tag-set.ts";

const entry: IndexEntry = {
  id: 7,
  uuid: "5f7b2284-bdd8-4ef4-b457-032ac0a82f02",
  eventId: 1,
  content: {
    type: "domain",
    value: "b.example",
    category: "",
    comment: "c",
    toIds: true,
    deleted: false,
    timestamp: 1,
  },
  contentAtMs: 1,
  origin: "live",
  seenInRest: false,
  tags: noTags,
  gone: undefined,
  live: true,
  edit: false,
  announced: {
    pattern: "[domain-name:value = 'b.example']",
    patternType: "stix",
    name: "b.example",
    description: "c",
    labels: ["x"],
    markings: ["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"],
    confidence: 50,
    orgUuid: "3b53361a-72a6-470d-8035-ffc51285a83d",
    eventUuid: "5511920b-ef6c-4283-bd4a-85a7642a931d",
  },
  outdated: [
    { pattern: "[domain-name:value = 'z.example']", patternType: "stix", name: "z.example" },
    { pattern: "[domain-name:value = 'a.example']", patternType: "stix", name: "a.example" },
  ],
  createdMs: 1_601_906_335_000,
  modifiedMs: 1_601_906_336_002,
  removedAtMs: 0,
  former: [],
  sequence: 3,
  dueAtMs: 0,
};

describe("toAnnouncement", () => {
  it("renders every field, in the order of the STIX specification", () => {
    const object = toAnnouncement(entry, {});
    expect(object).toEqual({
      type: "indicator",
      spec_version: "2.1",
      id: "indicator--5f7b2284-bdd8-4ef4-b457-032ac0a82f02",
      created_by_ref: "identity--3b53361a-72a6-470d-8035-ffc51285a83d",
      created: "2020-10-05T13:58:55.000Z",
      modified: "2020-10-05T13:58:56.002Z",
      name: "b.example",
      description: "c",
      pattern: "[domain-name:value = 'b.example']",
      pattern_type: "stix",
      pattern_version: "2.1",
      valid_from: "2020-10-05T13:58:55.000Z",
      labels: ["x"],
      confidence: 50,
      external_references: [
        { source_name: "MISP event", external_id: "5511920b-ef6c-4283-bd4a-85a7642a931d" },
        { source_name: "MISP attribute", external_id: "5f7b2284-bdd8-4ef4-b457-032ac0a82f02" },
      ],
      object_marking_refs: ["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"],
    });
    expect(Object.keys(object ?? {}).slice(0, 4)).toEqual(["type", "spec_version", "id", "created_by_ref"]);
  });

  it("references carry URLs when MISP's base URL is known", () => {
    const urls = toAnnouncement(entry, { baseUrl: "https://misp.example" })?.external_references?.map(({ url }) => url);
    expect(urls).toEqual([
      "https://misp.example/events/view/5511920b-ef6c-4283-bd4a-85a7642a931d",
      "https://misp.example/attributes/view/5f7b2284-bdd8-4ef4-b457-032ac0a82f02",
    ]);
  });

  it("leaves empty fields out, and pattern_version where the pattern is not STIX", () => {
    const bare = { ...entry, announced: { pattern: "rule x {}", patternType: "yara", name: "rule x {}" } };
    expect(Object.keys(toAnnouncement(bare, {}) ?? {})).toEqual([
      "type",
      "spec_version",
      "id",
      "created",
      "modified",
      "name",
      "pattern",
      "pattern_type",
      "valid_from",
      "external_references",
    ]);
  });

  it("is undefined while the entry is withheld", () => {
    expect(toAnnouncement({ ...entry, live: false }, {})).toBeUndefined();
  });
});

describe("toRemovals", () => {
  it("has one REMOVE per old pattern, under its old name, a millisecond apart, before the announcement", () => {
    const removals = toRemovals(entry, {});
    expect(removals.map(({ name, modified }) => [name, modified])).toEqual([
      ["z.example", "2020-10-05T13:58:56.000Z"],
      ["a.example", "2020-10-05T13:58:56.001Z"],
    ]);
    for (const removal of removals) {
      expect(removal).toMatchObject({ x_threatbus_update: "REMOVE", valid_until: removal.modified, labels: ["x"] });
    }
  });

  it("the last REMOVE takes the entry's own modified when nothing is announced behind it", () => {
    expect(toRemovals({ ...entry, live: false }, {}).at(-1)?.modified).toBe("2020-10-05T13:58:56.002Z");
  });

  it("says until when it is valid, and never before it begins; its removal ends with itself", () => {
    const valid = (validUntilMs: number) => ({
      ...entry,
      announced: { ...(entry.announced as Announced), validUntilMs },
    });
    const endMs = entry.createdMs + 86_400_000;
    expect(toAnnouncement(valid(endMs), {})?.valid_until).toBe(new Date(endMs).toISOString());
    // MISP's timestamp went back by more than its type is valid for.
    const early = toAnnouncement(valid(entry.createdMs - 5_000), {});
    expect(early?.valid_until).toBe(new Date(entry.createdMs + 1).toISOString());
    const outdated = [{ pattern: "P", patternType: "stix", name: "n" }];
    const [removal] = toRemovals({ ...valid(endMs), live: false, outdated }, {});
    expect(removal?.valid_until).toBe(removal?.modified);
    expect(toAnnouncement(entry, {})).not.toHaveProperty("valid_until");
  });
});
