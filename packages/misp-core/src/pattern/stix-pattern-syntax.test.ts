import { describe, expect, it } from "vitest";
import { checkStixPattern } from "./stix-pattern-syntax.ts";

const md5 = "d41d8cd98f00b204e9800998ecf8427e";

describe("checkStixPattern", () => {
  it.each([
    "[ipv4-addr:value = '198.51.100.7']",
    "[file:name = '']",
    "[file:name = 'it\\'s \\\\ here']",
    "[file:name = 'a\nb \u2028 \" [ ] /* */ // ]']",
    "[file:name NOT = 'a']",
    "[file:name NOT LIKE 'a%']",
    "[file:name MATCHES '^a[\\\\d]+$']",
    "[ipv4-addr:value ISSUBSET '198.51.100.0/24']",
    "[file:size IN (1, -2, +3, 4.5, .5)]",
    "[file:size >= 0]",
    "[file:is_x = true]",
    "[file:magic_number_hex = h'ffd8']",
    "[artifact:payload_bin = b'aGk=']",
    "[file:created = t'2024-01-15T12:30:45.123Z']",
    "[file:extensions.'windows-pebinary-ext'.sections[*].entropy > 7.0]",
    "[x-usb-device:usbdrive.serial_number = '1']",
    "[network-traffic:extended_properties[0].payload = 'a']",
    "[EXISTS file:name]",
    `[file:hashes.MD5 = '${md5.toUpperCase()}']`,
    `[file:hashes[*] = '${md5}']`,
    "[file:hashes.'X-OWN' LIKE 'a%']",
    "[(file:name = 'a' OR url:value = 'b')]",
    "[(file:name = 'a' OR url:value = 'b') AND url:value = 'c']",
    "[a:b = 1] AND [a:c = 2] OR [a:d = 3] FOLLOWEDBY [a:e = 4]",
    "([a:b = 1] FOLLOWEDBY [a:c = 2]) WITHIN 300 SECONDS",
    "[a:b = 1] REPEATS 5 TIMES WITHIN 1.5 SECONDS",
    "[a:b = 1] START t'2020-01-01T00:00:00Z' STOP t'2020-01-02T00:00:00Z'",
    "[ a : b . c [ * ] = 1 ]\n",
  ])("takes %s", (pattern) => {
    expect(checkStixPattern(pattern)).toMatchObject({ ok: true });
  });

  it.each([
    "",
    "[]",
    "[()]",
    "a:b = 1",
    "[a:b = 1",
    "[a:b = 1]]",
    "[a:b = 1] [a:c = 2]",
    "[a:b = 1] AND",
    "[a:b = 1 AND]",
    "[a:b]",
    "[a:b =]",
    "[a:b 1]",
    "[a = 1]",
    "[a:b = a]",
    '[a:b = "a"]',
    "[a:b = 'a\\n']",
    "[a:b = 'a\\x41']",
    "[a:b = 'a'b']",
    "[a:b = 'a\\']",
    "[a:b = 01]",
    "[a:b = 5.]",
    "[a:b = 1e5]",
    "[a:b = 1AND a:c = 2]",
    "[a:b = TRUE]",
    "[a:b < true]",
    "[a:b = null]",
    "[a:b LIKE 1]",
    "[a:b like 'a']",
    "[a:b = h'f']",
    "[a:b = b'']",
    "[a:b = t'2024-13-01T12:00:00Z']",
    "[a:b = t'2024-01-01T12:00:00']",
    "[a:b IN ()]",
    "[a:b IN (1, )]",
    "[a:LIKE = 1]",
    "[START:b = 1]",
    "[file:hashes.SHA-256 = 'a']",
    "[a:b-c = 1]",
    "[1a:b = 1]",
    "[a:b] START '2020-01-01T00:00:00Z' STOP t'2020-01-02T00:00:00Z'",
    "[a:b = 1] WITHIN 5 HOURS",
    "[a:b = 1] WITHIN -5 SECONDS",
    "[a:b = 1] REPEATS 1.5 TIMES",
    "<indicator/>",
  ])("refuses what the grammar does not have: %s", (pattern) => {
    expect(checkStixPattern(pattern)).toMatchObject({ ok: false });
  });

  it.each([
    ["a comment", "[a:b = 1] /* c */"],
    ["a comment to the end of the line", "[a:b = 1] // c"],
    ["white space that not everybody takes for it", "[a:b\u00a0= 1]"],
    ["two parentheses first", "(([a:b = 1]))"],
    ["NOT EXISTS", "[NOT EXISTS a:b]"],
    ["a negative list position", "[a:b[-1] = 1]"],
    ["a list in a list", "[a:b[*][1] = 1]"],
    ["object types that exclude each other", "[ipv4-addr:value = '1.1.1.1' AND url:value = 'b']"],
    ["a qualifier twice", "[a:b = 1] WITHIN 5 SECONDS WITHIN 6 SECONDS"],
    ["no time at all", "[a:b = 1] WITHIN 0 SECONDS"],
    ["no time, no repetition", "[a:b = 1] REPEATS 0 TIMES"],
    ["a hash of a wrong length", "[file:hashes.MD5 = 'abc']"],
    ["a hash with a line break after it", `[file:hashes.MD5 = '${md5}\n']`],
    ["a part of a hash", "[file:hashes.'SHA-256' LIKE 'a%']"],
    ["a set of hashes", `[file:hashes.MD5 IN ('${md5}')]`],
    ["a hash type in other letters", "[file:hashes.'sha-256' = 'a']"],
    ["a hash type with an escape in it", "[file:hashes.'MD\\'5' = 'a']"],
    ["a quoted property of hashes", "[a:b.'hashes'.MD5 = 'a']"],
    ["a hash by position", `[file:hashes[0] = '${md5}']`],
    ["an ssdeep that is too long", `[file:hashes.SSDEEP = '${"a".repeat(129)}']`],
  ])("refuses what some receiver stumbles over: %s", (_, pattern) => {
    expect(checkStixPattern(pattern)).toMatchObject({ ok: false });
  });

  it("refuses sizes that end a recursive reader", () => {
    const many = (count: number, text: string, joint: string): string => new Array(count).fill(text).join(joint);
    expect(checkStixPattern(`[${many(150, "a:b = 1", " AND ")}]`)).toMatchObject({ ok: true });
    expect(checkStixPattern(`[${many(20, "(a:b = 1)", " OR ")}]`)).toMatchObject({ ok: true });
    for (const pattern of [
      `[${many(201, "a:b = 1", " AND ")}]`,
      many(101, "[a:b = 1]", " AND "),
      `[a:b IN (${many(201, "1", ",")})]`,
      `[a:b${".c".repeat(17)} = 1]`,
      `[${"(".repeat(17)}a:b = 1${")".repeat(17)}]`,
      `([a:b = 1] AND ${"(".repeat(17)}[a:b = 1]${")".repeat(17)})`,
      `[a:b = '${"x".repeat(65_536)}']`,
    ]) {
      expect(checkStixPattern(pattern), pattern.slice(0, 60)).toMatchObject({ ok: false });
    }
  });

  it.each([
    ["[file:name = 'a' AND file:size = 1]", "[(file:name = 'a' AND file:size = 1)]"],
    ["[ file:name = 'a' OR file:name = 'b' ]", "[ (file:name = 'a' OR file:name = 'b') ]"],
    ["[a:b = 1 AND (a:c = 2 OR a:d = 3)]", "[(a:b = 1 AND (a:c = 2 OR a:d = 3))]"],
    ["[a:b = 1 OR a:c = 2] AND [a:d = 3 OR a:e = 4]", "[(a:b = 1 OR a:c = 2)] AND [(a:d = 3 OR a:e = 4)]"],
    ["[file:name = 'a' AND EXISTS file:size]", "[(file:name = 'a' AND EXISTS file:size)]"],
  ])("puts parentheses round %s", (pattern, shielded) => {
    expect(checkStixPattern(pattern)).toEqual({ ok: true, shielded });
  });

  it.each(["[a:b = 1]", "[(a:b = 1) OR a:c = 2]", "[a:b IN (1, 2)]", "[a:b = 1] AND [a:c = 2]"])(
    "leaves %s alone",
    (pattern) => {
      expect(checkStixPattern(pattern)).toEqual({ ok: true, shielded: pattern });
    },
  );

  it("says where and what", () => {
    expect(checkStixPattern("[a:b = 'c' AND]")).toEqual({
      ok: false,
      detail: "expected an object type at position 14, found ]",
    });
    expect(checkStixPattern("[a:b = ?]")).toEqual({ ok: false, detail: "unexpected text at position 7" });
  });
});
