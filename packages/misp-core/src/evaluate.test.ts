import { describe, expect, it } from "vitest";
import type { AttributeContent } from "./change.ts";
import { evaluate, neverAnnounced, type Subject, toAnnounced } from "./evaluate.ts";
import { createFilter, type Filter } from "./filter.ts";
import type { EventContext } from "./index-entry.ts";
import { noTags } from "./tag-set.ts";

const content: AttributeContent = {
  type: "domain",
  value: "evil.example",
  category: "Network activity",
  comment: "",
  toIds: true,
  deleted: false,
  timestamp: 1,
};
const event: EventContext = {
  id: 1,
  uuid: "5511920b-ef6c-4283-bd4a-85a7642a931d",
  orgId: 3,
  orgUuid: "3b53361a-72a6-470d-8035-ffc51285a83d",
  atMs: 1,
  tags: noTags,
};
const subject: Subject = { content, ownTags: [], eventTags: [], event };
const everything = createFilter([]);
const nothing: Filter = { ...everything, matches: () => false, couldMatch: () => false };
const shared = (name: string) => ({ name, local: false, exportable: true });

describe("evaluate", () => {
  it("announces what nothing withholds", () => {
    expect(evaluate(subject, everything)).toEqual({
      announce: {
        pattern: "[domain-name:value = 'evil.example']",
        patternType: "stix",
        name: "evil.example",
        orgUuid: event.orgUuid,
        eventUuid: event.uuid,
      },
    });
  });

  it("announces as labels what either the attribute's or the event's tags allow", () => {
    const labelled = (ownTags: Subject["ownTags"], eventTags: Subject["eventTags"]) =>
      evaluate({ ...subject, ownTags, eventTags }, everything);
    expect(labelled([shared("a")], [])).toMatchObject({ announce: { labels: ["a"] } });
    expect(labelled([], [shared("b")])).toMatchObject({ announce: { labels: ["b"] } });
    expect(labelled([shared("a")], [shared("b")])).toMatchObject({ announce: { labels: ["a", "b"] } });
  });

  it("announces what is known of an event, and leaves out what is not", () => {
    const { announce } = evaluate({ ...subject, event: undefined }, everything) as { announce: object };
    expect(Object.keys(announce)).toEqual(["pattern", "patternType", "name"]);
  });

  it("tries the reasons in their order", () => {
    const all: Subject = {
      ...subject,
      gone: "event-deleted",
      content: { ...content, deleted: true, toIds: false, type: "comment" },
    };
    expect(evaluate(all, nothing)).toEqual({ withhold: "event_deleted" });
    const { gone: _, ...deleted } = all;
    expect(evaluate(deleted, nothing)).toEqual({ withhold: "deleted" });
    const restored = { ...deleted, content: { ...deleted.content, deleted: false } };
    expect(evaluate(restored, nothing)).toEqual({ withhold: "not_to_ids" });
    const forIds = { ...restored, content: { ...restored.content, toIds: true } };
    expect(evaluate(forIds, nothing)).toEqual({ withhold: "unmapped_type" });
    const unusable = { ...forIds, content: { ...forIds.content, type: "ip-dst", value: "not an address" } };
    expect(evaluate(unusable, nothing)).toEqual({ withhold: "unusable_value" });
    const usable = { ...unusable, content: { ...unusable.content, value: "198.51.100.7" } };
    expect(evaluate(usable, nothing)).toEqual({ withhold: "filter" });
  });

  it("withholds everything of a deleted event, and what was deleted for good", () => {
    expect(evaluate({ ...subject, event: { ...event, deleted: true } }, everything)).toEqual({
      withhold: "event_deleted",
    });
    expect(evaluate({ ...subject, gone: "attribute-deleted" }, everything)).toEqual({ withhold: "deleted" });
  });

  it("shows the filter the creator organisation, the type, and the tags of attribute and event, local ones included", () => {
    let seen: unknown;
    const filter: Filter = {
      ...everything,
      matches(asked) {
        seen = asked;
        return true;
      },
    };
    evaluate(
      { ...subject, ownTags: [{ name: "a", local: true }], eventTags: [{ name: "b", exportable: false }] },
      filter,
    );
    expect(seen).toEqual({ orgId: 3, orgUuid: event.orgUuid, type: "domain", tags: ["a", "b"] });
  });

  it("whether the event is published decides nothing while no gate asks", () => {
    expect(evaluate({ ...subject, event: { ...event, published: false } }, everything)).toHaveProperty("announce");
  });
});

describe("announced fields", () => {
  const announced = (part: Partial<Subject>) => {
    const fields = toAnnounced({ ...subject, ...part }, {});
    return "announce" in fields ? fields.announce : undefined;
  };

  it("the attribute's TLP stands before the event's, even when the event's is stricter", () => {
    const fields = announced({ ownTags: [shared("tlp:green")], eventTags: [shared("tlp:red")] });
    expect(fields?.markings).toEqual(["marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"]);
    expect(announced({ eventTags: [shared("tlp:red")] })?.markings).toEqual([
      "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
    ]);
  });

  it("a local TLP tag marks at once, though it is no label", () => {
    const fields = announced({ ownTags: [{ name: "tlp:red" }] });
    expect(fields?.markings).toHaveLength(1);
    expect(fields).not.toHaveProperty("labels");
  });

  it("the attribute's confidence stands before the event's", () => {
    const level = (word: string) => shared(`misp:confidence-level="${word}"`);
    expect(announced({ ownTags: [level("fairly-confident")], eventTags: [level("unconfident")] })?.confidence).toBe(50);
    expect(announced({ eventTags: [level("unconfident")] })?.confidence).toBe(0);
  });

  it("the comment is the description, and an empty one is left out", () => {
    expect(announced({ content: { ...content, comment: "c" } })?.description).toBe("c");
    expect(announced({})).not.toHaveProperty("description");
  });
});

describe("neverAnnounced", () => {
  it("says why no attribute of a type and organisation could pass", () => {
    expect(neverAnnounced(everything, "comment", event)).toBe("unmapped_type");
    expect(neverAnnounced(nothing, "domain", event)).toBe("filter");
    expect(neverAnnounced(everything, "domain", undefined)).toBeUndefined();
  });
});
