import { describe, expect, it } from "vitest";
import { excerpt, readId, readUuid } from "./decode-fields.ts";

describe("excerpt", () => {
  it("60 characters at most, and a mark that there was more", () => {
    expect(excerpt("x".repeat(60))).toBe("x".repeat(60));
    expect(excerpt("x".repeat(61))).toBe(`${"x".repeat(60)}…`);
    expect(excerpt("x".repeat(1_000_000))).toHaveLength(61);
  });

  it("no control character, line break or half of a surrogate pair", () => {
    expect(excerpt("a\u0000\u001b[2J\r\n\u007f\u009b\u2028\u2029\ud800z")).toBe("a��[2J�������z");
  });

  it("says what it is when it is no text", () => {
    expect([undefined, null, 5, true, [1], { a: 1 }].map(excerpt)).toEqual([
      "nothing",
      "null",
      "5",
      "true",
      "a list",
      "an object",
    ]);
  });
});

it("readId: up to 2^48 - 1, which is what index keys have room for", () => {
  expect(
    [2 ** 48 - 1, 2 ** 48, String(2 ** 48 - 1), "1e3", " 1", "+1", "0x1", "1".repeat(17), true].map(readId),
  ).toEqual([2 ** 48 - 1, undefined, 2 ** 48 - 1, undefined, undefined, undefined, undefined, undefined, undefined]);
});

it("readUuid: any version from 1 on, of the RFC 4122 variant only, with nothing before or behind it", () => {
  const of = (version: string, variant: string) => `5f7b2284-bdd8-${version}ef4-${variant}457-032ac0a82f02`;
  for (const version of "123456789aF") expect(readUuid(of(version, "8"))).toBe(of(version, "8").toLowerCase());
  for (const variant of "89aB") expect(readUuid(of("4", variant))).toBe(of("4", variant).toLowerCase());
  for (const variant of "01234567cdef") expect(readUuid(of("4", variant))).toBeUndefined();
  for (const bad of [of("0", "8"), `${of("4", "8")}\n`, ` ${of("4", "8")}`, 5, null])
    expect(readUuid(bad)).toBeUndefined();
});
