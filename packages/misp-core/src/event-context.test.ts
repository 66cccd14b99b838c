import { describe, expect, it } from "vitest";
import { decidesTheSame, mergeEventPart, unknownEvent } from "./event-context.ts";
import { noTags } from "./tag-set.ts";

describe("mergeEventPart", () => {
  const known = mergeEventPart(unknownEvent(1), { uuid: "u", info: "old", orgId: 2, published: true }, noTags, 5);

  it("keeps a part that the message does not carry", () => {
    expect(mergeEventPart(known, { info: "new" }, noTags, 6)).toEqual({ ...known, info: "new", atMs: 6 });
  });

  it("an older message fills in what nobody said, and changes nothing else", () => {
    const merged = mergeEventPart(known, { info: "older", orgUuid: "o" }, noTags, 4);
    expect(merged).toEqual({ ...known, orgUuid: "o" });
  });
});

describe("decidesTheSame", () => {
  it("looks at what the filter and the announcement read, and at nothing else", () => {
    const event = { ...unknownEvent(1), uuid: "u", orgId: 2 };
    expect(decidesTheSame(event, { ...event, info: "x", published: true, atMs: 9 })).toBe(true);
    expect(decidesTheSame(event, { ...event, orgId: 3 })).toBe(false);
    expect(decidesTheSame(event, { ...event, uuid: "v" })).toBe(false);
    expect(decidesTheSame(event, { ...event, tags: { ...noTags, attached: [{ id: 1 }] } })).toBe(false);
  });
});
