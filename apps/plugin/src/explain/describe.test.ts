import { createFilter, type IndexEntry, noTags, type StoreChanges } from "@tb/misp-core";
import { createMemoryStore, exampleEntry, storeChanges } from "@tb/misp-core/testing";
import { describe, expect, it } from "vitest";
import { createDraft } from "../pipeline/draft.ts";
import { explainEntry, toConsumers } from "./attribute.ts";
import { type Basis, describeAttribute, describeNotification } from "./describe.ts";
import { explainNotification } from "./notification.ts";

const index: Basis = { kind: "index", text: "the index" };
const alone: Basis = { kind: "message", text: "the message alone", reason: "there is none" };
const everything = createFilter([]);

async function fill(changes: Partial<StoreChanges>) {
  const store = createMemoryStore();
  await store.commit(storeChanges(changes));
  return store;
}

/** What is said about the first of these entries. */
async function say(
  entries: readonly IndexEntry[],
  options: { readonly dirty?: number; readonly items?: Parameters<typeof createFilter>[0] } = {},
) {
  const [first] = entries;
  if (first === undefined) throw new Error("nothing to explain");
  const dirty = options.dirty === undefined ? [] : [{ sequence: options.dirty, id: first.id }];
  const store = await fill({ entries: entries.map((after) => ({ after })), dirty });
  const filter = options.items === undefined ? everything : createFilter(options.items);
  const explained = {
    ...explainEntry(createDraft(store), first, { filter, reorders: false }),
    consumers: toConsumers(store, first),
  };
  return describeAttribute(explained, index);
}
const consumers = async (...parameters: Parameters<typeof say>) =>
  (await say(...parameters)).find((line) => line.startsWith("consumers"));

const entry = (id: number, part: Partial<IndexEntry> = {}) => exampleEntry(id, { tags: noTags, outdated: [], ...part });
const old = { pattern: "[domain-name:value = 'old.example']", patternType: "stix", name: "old.example" };

describe("what consumers hold", () => {
  it.each<[string, Partial<IndexEntry>, number | undefined, string]>([
    ["announced", {}, undefined, "hold it"],
    ["not published yet", { sequence: 5 }, 5, "are about to get it: it waits for the bus"],
    [
      "with another pattern before",
      { sequence: 5, outdated: [old] },
      5,
      `are about to get it: it waits for the bus and are about to lose ${old.pattern}`,
    ],
    ["never announced", { announced: undefined, live: false }, undefined, "hold nothing of it: it was never announced"],
    [
      "withdrawn",
      { live: false, removedAtMs: 86_400_000 },
      undefined,
      "do not hold it: it was withdrawn 1970-01-02T00:00:00.000Z",
    ],
    [
      "withdrawn, and no tombstone any more",
      { live: false, removedAtMs: 0 },
      undefined,
      "do not hold it: it was withdrawn long ago",
    ],
    [
      "being withdrawn",
      { live: false, sequence: 5, outdated: [old] },
      5,
      "are about to lose it: its removal waits for the bus",
    ],
  ])("%s", async (_, part, dirty, text) => {
    expect(await consumers([entry(1, part)], dirty === undefined ? {} : { dirty })).toBe(`consumers ${text}`);
  });

  it("names others that hold the value, a few of them", async () => {
    expect(await consumers([entry(1), entry(2)])).toBe(
      "consumers hold it; its value is also on the bus for attribute 2",
    );
    const many = Array.from({ length: 9 }, (_, i) => entry(i + 1));
    expect(await consumers(many)).toBe("consumers hold it; its value is also on the bus for attributes 2, 3, 4, 5, 6");
  });
});

describe("what is long", () => {
  it("is cut, and says so", async () => {
    const value = "x".repeat(5_000);
    const content = { ...exampleEntry(1).content, value };
    const lines = await say([entry(1, { content })], {
      items: Array.from({ length: 30 }, (_, i) => ({
        types: [`t${i}`],
        tags: Array.from({ length: 200 }, (_, j) => `tag-${j}`),
      })),
    });
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(800);
    expect(lines.join("\n")).toContain("(4700 more characters)");
    expect(lines.filter((line) => /^ {6}item/.test(line))).toHaveLength(20);
    expect(lines).toContain("      … and 10 more items");
  });
});

describe("what a notification is said to do", () => {
  const encoder = new TextEncoder();
  const explain = async (message: object, basis: Basis, entries: readonly IndexEntry[] = []) => {
    const store = await fill({ entries: entries.map((after) => ({ after })) });
    const notification = { topic: "t", body: encoder.encode(JSON.stringify(message)), observedAtMs: 1_800_000_000_000 };
    const rules = { filter: everything, reorders: false };
    return describeNotification(
      explainNotification(notification, { view: store, draft: createDraft(store), rules }),
      basis,
    );
  };
  const tag = (action: string, part: object = {}) => ({ Tag: { id: "9", name: "tlp:red", ...part }, action });
  const attribute = (action: string, part: object = {}) => ({
    Attribute: { ...identity, type: "domain", value: "evil.example", to_ids: true, timestamp: "1", ...part },
    Event: { id: "1" },
    action,
  });
  const identity = { id: "7", event_id: "1", uuid: "5f7b2284-bdd8-4ef4-b457-0000000000aa" };

  it.each<[string, object, string]>([
    [
      "a tag for an attribute that may come",
      tag("attached to attribute", { attribute_id: "5" }),
      "concerns  an attribute that is not in the index: the tag waits 24 hours for it",
    ],
    [
      "a tag of an event without attributes here",
      tag("detached from event", { event_id: "5" }),
      "says      tag tlp:red detached from event 5",
    ],
    [
      "an event without attributes here",
      { Event: { id: "5", info: "i", orgc_id: "3" }, action: "publish" },
      "says      event 5: i, published, organisation 3",
    ],
    [
      "an event that says nothing",
      { Event: { id: "5" }, action: "add" },
      "says      event 5: nothing that indicators depend on",
    ],
    ["a deleted event", { Event: { id: "5" }, action: "delete" }, "says      event 5 deleted, and everything in it"],
    ["a renamed tag", tag("edit"), "says      tag 9 is named tlp:red"],
    ["a deleted tag", tag("delete"), "says      tag tlp:red deleted"],
    ["a new attribute", attribute("add"), "publishes announce evil.example"],
    ["a new attribute", attribute("add"), "consumers hold nothing of it: the index does not know it"],
    [
      "a soft-deleted one",
      attribute("soft-delete"),
      "says      attribute 7 of event 1 soft-deleted: domain evil.example, to_ids set; own tags none",
    ],
    ["a removal of what is not known", attribute("delete"), "publishes REMOVE evil.example"],
    [
      "something else",
      { Sighting: { id: "1" } },
      "understood, and not needed: it is about nothing that indicators depend on",
    ],
    ["what is no message", [] as object, "refused: unknown_shape: not an object: a list"],
  ])("%s", async (_, message, line) => {
    expect(await explain(message, index)).toContain(line);
  });

  it("nobody is concerned: it says so", async () => {
    expect(await explain(tag("delete"), index)).toContain("concerns  no attribute in the index");
    expect(await explain(tag("delete"), alone)).toContain("concerns  what only the index could name");
  });

  it("several are concerned: how many, and how they are decided", async () => {
    const entries = [
      entry(1),
      entry(2),
      entry(3, { announced: undefined, live: false, content: { ...entry(3).content, toIds: false } }),
    ];
    const lines = await explain(
      {
        Event: { id: "1", info: "new", orgc_id: "8", Orgc: { uuid: "3b53361a-72a6-470d-8035-ffc51285a83e" } },
        action: "edit",
      },
      index,
      entries,
    );
    expect(lines).toContain("concerns  3 known attributes: announce 2, withhold 1 (not_to_ids)");
  });

  it("a removal that is known already has nothing left to publish", async () => {
    const gone = entry(7, { ...{ uuid: identity.uuid }, gone: "attribute-deleted", live: false, announced: undefined });
    const lines = await explain(attribute("delete"), index, [gone]);
    expect(lines).toContain("publishes nothing beyond what the index has already");
    expect(lines.at(-1)).toMatch(/^dropped: the attribute is known to be gone \(by this very message/);
  });

  it("from the message alone it says nothing about consumers", async () => {
    const lines = await explain(attribute("add"), alone);
    expect(lines).toContain("consumers unknown: that is in the index");
    expect(lines.join("\n")).not.toContain("publishes");
  });

  it("only the first of many publications are shown", async () => {
    const entries = Array.from({ length: 15 }, (_, i) => entry(i + 1));
    const lines = await explain({ Event: { id: "1" }, action: "delete" }, index, entries);
    expect(lines.filter((line) => line === "publishes REMOVE evil.example")).toHaveLength(10);
    expect(lines).toContain("publishes … and 5 more");
  });
});
