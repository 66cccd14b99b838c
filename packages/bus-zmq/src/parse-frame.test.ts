import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFrame } from "./parse-frame.ts";

const frame = (text: string) => [Buffer.from(text)];

describe("a message", () => {
  it("is a topic, a space and JSON", () => {
    expect(parseFrame(frame('stix2/indicator {"a": " b "}'))).toEqual({
      ok: true,
      topic: "stix2/indicator",
      value: { a: " b " },
    });
  });

  it.each([
    [[], "0 frames"],
    [[...frame("stix2/ {}"), ...frame("{}")], "2 frames"],
    [frame("stix2/indicator"), "no space"],
    [frame(`${"x".repeat(300)} {}`), "no space"],
    [frame("stix2/ {"), "no JSON"],
    [frame("stix2/ "), "no JSON"],
    [[Buffer.concat([Buffer.from("stix2/ "), Buffer.from([0x22, 0xff, 0x22])])], "UTF-8"],
    [[Buffer.from([0xff, 0x20, 0x7b, 0x7d])], "UTF-8"],
  ])("is refused otherwise, with the reason: %j", (frames, detail) => {
    expect(parseFrame(frames)).toEqual({ ok: false, detail: expect.stringContaining(detail) });
  });

  it("is refused when it is nested deeper than anyone could write it again", () => {
    const nested = (depth: number) => frame(`stix2/ ${'{"a":['.repeat(depth / 2)}${"]}".repeat(depth / 2)}`);
    expect(parseFrame(nested(100))).toMatchObject({ ok: true });
    expect(parseFrame(nested(102))).toEqual({ ok: false, detail: expect.stringContaining("100 levels") });
    expect(parseFrame(nested(200_000))).toMatchObject({ ok: false });
  });

  it("does not put control characters of the sender into the reason", () => {
    const parsed = parseFrame(frame("\u001b[31m\u202e\u009b {"));
    expect(parsed).toEqual({ ok: false, detail: 'no JSON after the topic "\\u001b[31m\\u202e\\u009b"' });
  });

  it("property: never throws", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { maxLength: 2 }), (frames) => {
        expect(typeof parseFrame(frames).ok).toBe("boolean");
      }),
    );
  });
});
