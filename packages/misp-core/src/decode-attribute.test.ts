import { describe, expect, it } from "vitest";
import { readContent, readOwnTags } from "./decode-attribute.ts";
import type { Fields } from "./decode-fields.ts";

const attribute = { type: "ip-dst|port", value: "192.0.2.1|80", timestamp: "1601906335" };
/** Of an attribute that is in no object. */
const read = (fields: Fields) => readContent(fields, undefined);

describe("readContent", () => {
  it("category and comment, empty when they are absent or no text", () => {
    expect(read({ ...attribute, category: "Network activity", comment: "seen – twice" })).toMatchObject({
      category: "Network activity",
      comment: "seen – twice",
    });
    expect(read({ ...attribute, category: null, comment: 5 })).toMatchObject({ category: "", comment: "" });
  });

  it("pairs of surrogates are text", () => {
    expect(read({ ...attribute, value: "a\u{1f600}b" }).value).toBe("a\u{1f600}b");
  });

  it.each(["\ud83d", "\ude00", "a\ude00\ud83d", "\ud83d\ud83d\ude00", "\ud83d\ude00\ude00"])(
    "half a pair is not, wherever it stands (%j)",
    (value) => {
      expect(() => read({ ...attribute, value })).toThrow(expect.objectContaining({ reason: "invalid_value" }));
    },
  );

  const parts = { type: attribute.type, timestamp: attribute.timestamp, value1: "192.0.2.1" };

  it("value1 alone when value2 is empty, null or absent", () => {
    for (const value2 of ["", null, undefined]) expect(read({ ...parts, value2 }).value).toBe("192.0.2.1");
  });

  it("an unreadable value2 refuses the message: the first half alone would detect more than was meant", () => {
    for (const value2 of ["\ud800", 80, {}, []]) {
      expect(() => read({ ...parts, value2 })).toThrow(
        expect.objectContaining({ reason: "invalid_value", detail: expect.stringContaining("Attribute.value2") }),
      );
    }
  });

  it("a value that is there and unreadable is not replaced by value1", () => {
    for (const value of ["", 5, "\ud800"]) {
      expect(() => read({ ...parts, value })).toThrow(expect.objectContaining({ reason: "invalid_value" }));
    }
  });

  it("timestamps from the epoch to the last second of the year 9999", () => {
    for (const [timestamp, seconds] of [
      ["0", 0],
      [0, 0],
      ["253402300799", 253_402_300_799],
    ] as const) {
      expect(read({ ...attribute, timestamp }).timestamp).toBe(seconds);
    }
  });
});

describe("readOwnTags", () => {
  it("leaves out tags without a name", () => {
    expect(readOwnTags([{ id: "1", name: "" }])).toEqual([]);
  });

  it("leaves out what is inherited from the event, in every spelling of true", () => {
    const tags = [1, "1", true, 0, "0", false].map((inherited, i) => ({ id: i + 1, name: `t${i}`, inherited }));
    expect(readOwnTags(tags).map(({ id }) => id)).toEqual([4, 5, 6]);
  });
});
