import { describe, expect, it } from "vitest";
import type { AttributeContent } from "./change.ts";
import { decode } from "./decode.ts";
import { decodeRow } from "./decode-row.ts";
import { effectiveDistribution, mergeContent } from "./distribution.ts";

const fields = {
  id: "7",
  event_id: "2",
  object_id: "0",
  uuid: "5f7b2284-bdd8-4ef4-b457-032ac0a82f02",
  type: "domain",
  value: "a.example",
  timestamp: "1601906335",
  distribution: "5",
};
const contentOf = (decoded: ReturnType<typeof decode>) => {
  const change = decoded.ok ? decoded.changes[0] : undefined;
  if (change?.kind !== "attribute") throw new Error(JSON.stringify(decoded));
  return change.content;
};
const live = (attribute: object, object?: object) => {
  const text = JSON.stringify({ Attribute: { ...fields, ...attribute }, Object: object, action: "edit" });
  return contentOf(decode({ topic: "t", body: new TextEncoder().encode(text), observedAtMs: 1 }));
};
const row = (attribute: object, object?: object) =>
  contentOf(decodeRow({ ...fields, ...attribute, Object: object }, { requestedAtMs: 1 }));

describe("what messages and rows say of an attribute's distribution", () => {
  it.each([
    ["a message", live],
    ["a row", row],
  ])("%s: its own, and its object's", (_, read) => {
    expect(read({ distribution: "0" })).toMatchObject({ distribution: 0, objectDistribution: 5 });
    expect(read({ object_id: "3" }, { id: "3", distribution: "4" })).toMatchObject({
      distribution: 5,
      objectDistribution: 4,
    });
    expect(read({ distribution: 3, object_id: 0 })).toMatchObject({ distribution: 3, objectDistribution: 5 });
  });

  it.each([
    ["a message", live],
    ["a row", row],
  ])("%s that does not say it, or nonsense: unknown", (_, read) => {
    for (const distribution of [undefined, null, "", "6", -1, 1.5, "x", true]) {
      expect(read({ distribution })).not.toHaveProperty("distribution");
    }
    // In an object that the message does not have.
    expect(read({ object_id: "3" })).not.toHaveProperty("objectDistribution");
    expect(read({ object_id: undefined })).not.toHaveProperty("objectDistribution");
    expect(read({ object_id: "3" }, { id: "3" })).not.toHaveProperty("objectDistribution");
  });
});

describe("a part that a message does not carry", () => {
  const content: AttributeContent = live({});
  const { distribution: _, objectDistribution: __, ...bare } = content;
  it("is kept, and what it carries replaces", () => {
    expect(mergeContent(content, { ...bare, comment: "new" })).toEqual({ ...content, comment: "new" });
    expect(mergeContent(content, { ...bare, distribution: 0 })).toEqual({ ...content, distribution: 0 });
    expect(mergeContent(bare, bare)).not.toHaveProperty("distribution");
  });

  it("costs nothing where there is nothing to keep", () => {
    expect(mergeContent(bare, content)).toBe(content);
    expect(mergeContent(bare, bare)).toBe(bare);
  });
});

describe("how far an attribute may go", () => {
  it.each<[string, number | undefined, number | undefined, number | undefined, readonly number[] | undefined]>([
    ["its own level, in an event for all", 1, 5, 3, [1]],
    ["its event's, when it inherits", 5, 5, 2, [2]],
    ["its object's, when it inherits", 5, 1, 3, [1]],
    ["its event's, when its object inherits too", 5, 5, 0, [0]],
    ["an event for the own organisation restricts what is for all", 3, 5, 0, [0]],
    ["an object for the own organisation restricts what is for all", 3, 0, 3, [0]],
    ["an attribute for the own organisation in an event for all", 0, 5, 3, [0]],
    ["the sharing group of an event", 5, 5, 4, [4]],
    ["the sharing group of an attribute in an event for all", 4, 5, 3, [4]],
    ["the sharing group of an object in an event for this community", 5, 4, 1, [1, 4]],
    ["the own organisation in an event for a sharing group", 0, 5, 4, [0, 4]],
    ["the attribute's is not known", undefined, 5, 3, undefined],
    ["the object's is not known", 3, undefined, 3, undefined],
    ["the event's is not known", 3, 5, undefined, undefined],
    ["an event inherits from nothing", 5, 5, 5, undefined],
  ])("%s", (_, own, object, event, expected) => {
    const content = {
      ...(own === undefined ? {} : { distribution: own }),
      ...(object === undefined ? {} : { objectDistribution: object }),
    };
    expect(effectiveDistribution(content, event === undefined ? {} : { distribution: event })).toEqual(expected);
  });

  it("of an attribute whose event nothing is known about: unknown", () => {
    expect(effectiveDistribution({ distribution: 0, objectDistribution: 5 }, undefined)).toBeUndefined();
  });
});
