import { describe, expect, it } from "vitest";
import { decidesTheSame, mergeEventPart, unknownEvent } from "./event-context.ts";
import { noTags } from "./tag-set.ts";

describe("mergeEventPart", () => {
  const known = mergeEventPart(unknownEvent(1), { uuid: "u", distribution: 1, orgId: 2, published: true }, noTags, 5);

  it("keeps a part that the message does not carry", () => {
    expect(mergeEventPart(known, { distribution: 3 }, noTags, 6)).toEqual({ ...known, distribution: 3, atMs: 6 });
  });

  it("an older message fills in what nobody said, and changes nothing else", () => {
    const merged = mergeEventPart(known, { distribution: 0, orgUuid: "o" }, noTags, 4);
    expect(merged).toEqual({ ...known, orgUuid: "o" });
  });

  it("keeps no text that only people read", () => {
    expect(mergeEventPart(known, { info: "i", orgName: "n" }, noTags, 6)).toEqual({ ...known, atMs: 6 });
  });
});

describe("published, which messages of attributes do not say", () => {
  it("is no older for a message that came between, and the later one that says it counts", () => {
    const drafted = mergeEventPart(unknownEvent(1), { published: false }, noTags, 3);
    const heardOf = mergeEventPart(drafted, { orgId: 2, distribution: 1 }, noTags, 9);
    const published = mergeEventPart(heardOf, { published: true, orgId: 3 }, noTags, 6);
    expect(published).toMatchObject({ published: true, publishedAtMs: 6, orgId: 2, atMs: 9 });
    expect(mergeEventPart(published, { published: false }, noTags, 5).published).toBe(true);
    expect(mergeEventPart(published, { published: false }, noTags, 7).published).toBe(false);
  });

  it("of an index that did not note when it was said, is as old as the event", () => {
    const old = { ...unknownEvent(1), published: true, atMs: 5 };
    expect(mergeEventPart(old, { published: false }, noTags, 4).published).toBe(true);
    expect(mergeEventPart(old, { published: false }, noTags, 6).published).toBe(false);
  });
});

describe("decidesTheSame", () => {
  it("looks at what a gate asks for, when it is on", () => {
    const event = { ...unknownEvent(1), published: false, distribution: 1 };
    const published = { ...event, published: true };
    const narrowed = { ...event, distribution: 0 };
    expect(decidesTheSame(event, published, { publishedOnly: true })).toBe(false);
    expect(decidesTheSame(event, narrowed, { distribution: new Set([1]) })).toBe(false);
    expect(decidesTheSame(event, published, { distribution: new Set([1]) })).toBe(true);
    expect(decidesTheSame(event, narrowed, { publishedOnly: true })).toBe(true);
  });

  it("looks at what the filter and the announcement read, and at nothing else", () => {
    const event = { ...unknownEvent(1), uuid: "u", orgId: 2 };
    expect(decidesTheSame(event, { ...event, ownerOrgId: 7, published: true, atMs: 9 }, {})).toBe(true);
    expect(decidesTheSame(event, { ...event, orgId: 3 }, {})).toBe(false);
    expect(decidesTheSame(event, { ...event, uuid: "v" }, {})).toBe(false);
    expect(decidesTheSame(event, { ...event, tags: { ...noTags, attached: [{ id: 1 }] } }, {})).toBe(false);
  });
});
