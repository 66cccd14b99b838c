import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryAttribute } from "../../test/arbitrary-attribute.ts";
import { malformedVectors, vectors } from "../../test/vectors.ts";
import { mutating, runs } from "../testing/thorough.ts";
import { normalise } from "./normalise.ts";
import { describeMapping, mispTypes, toPattern } from "./pattern.ts";
import { checkStixPattern } from "./stix-pattern-syntax.ts";
import { mappings } from "./table.ts";

/** The pattern and its type, or null twice, as the vectors have it. */
function outcome(type: string, value: string): { pattern: string | null; patternType: string | null } {
  const result = toPattern(type, value);
  return { pattern: result.ok ? result.pattern : null, patternType: result.ok ? result.patternType : null };
}

describe("the vectors", () => {
  it("are all looked at, but those without a type or value, which decode refuses", () => {
    expect(malformedVectors).toEqual(["value/number", "value/null", "type/missing"]);
    expect(vectors).toHaveLength(339);
  });

  const accepted = vectors.filter((vector) => vector.accepted);
  it.each(accepted)("$id: MISP accepts $type", ({ type, value, stored, pattern, patternType }) => {
    expect(outcome(type, value)).toEqual({ pattern, patternType });
    if (stored !== undefined) expect(outcome(type, stored)).toEqual({ pattern, patternType });
  });

  const refused = vectors.filter((vector) => !vector.accepted);
  it.each(refused)("$id: MISP refuses $type, so a refusal or the expected pattern", ({ type, value, pattern }) => {
    expect([null, pattern]).toContain(outcome(type, value).pattern);
  });
});

describe("toPattern", () => {
  it("never throws, never emits what the syntax check refuses, and leaves no conjunction without parentheses", () => {
    const emitted = new Set<string>();
    fc.assert(
      fc.property(arbitraryAttribute, ([type, value]) => {
        const result = toPattern(type, value);
        if (!result.ok) return;
        emitted.add(type);
        if (result.patternType === "stix") {
          expect(checkStixPattern(result.pattern)).toEqual({ ok: true, shielded: result.pattern });
        }
        expect(result.pattern).not.toMatch(/\p{Surrogate}|\0/u);
      }),
      { numRuns: runs(20_000) },
    );
    // Values that are all refused would prove nothing.
    if (!mutating) expect(emitted.size).toBe(mappings.size);
  });

  it("reads what it has normalised as the same", () => {
    fc.assert(
      fc.property(arbitraryAttribute, ([type, value]) => {
        const shape = mappings.get(type)?.shape;
        if (shape === undefined) return;
        const reading = normalise(shape, value);
        if (reading.ok) expect(normalise(shape, reading.parts.join("|"))).toEqual(reading);
      }),
      { numRuns: runs(10_000) },
    );
  });

  it("puts a value into its literal whole, and nothing of it outside", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((value) => /^\P{Cc}+$/u.test(value));
    fc.assert(
      fc.property(text, (value) => {
        const result = toPattern("filename", `a${value}z`);
        const literal = result.ok ? /^\[file:name = '(.*)'\]$/s.exec(result.pattern)?.[1] : undefined;
        const wanted = `a${value}z`.replace(/[\u{10000}-\u{10ffff}]/gu, "?");
        expect(literal?.replace(/\\(.)/gs, "$1")).toBe(wanted);
      }),
      { numRuns: runs(2000) },
    );
  });

  it("refuses every mapped type's value that is empty, has a NUL or half a surrogate pair", () => {
    for (const type of mispTypes) {
      for (const value of ["", " \t\r\n", "a\0b", "\ud800", "\udc00a"]) {
        expect(toPattern(type, value), `${type} ${JSON.stringify(value)}`).toMatchObject({ ok: false });
      }
    }
  });

  it("keeps the value out of its refusals", () => {
    const result = toPattern("md5", "a secret that is no hash");
    expect(result).toEqual({ ok: false, reason: "unusable_value", detail: "md5: expected 32 hexadecimal characters" });
  });

  it("tells an unmapped type from an unusable value", () => {
    expect(toPattern("vulnerability", "CVE-2021-44228")).toMatchObject({ reason: "unmapped_type" });
    expect(toPattern("no such type", "x")).toMatchObject({ reason: "unmapped_type" });
    expect(toPattern("ip-src", "x")).toMatchObject({ reason: "unusable_value" });
  });

  it.each([
    ["ssdeep", `3:${"a".repeat(100)}:${"b".repeat(30)}`],
    ["md5", "ｄ41d8cd98f00b204e9800998ecf8427e"],
    ["sha512/256", "ab".repeat(28)],
    ["telfhash", "z".repeat(70)],
    ["domain", "１.１.１.１０"],
    ["domain", `${"a.".repeat(130)}com`],
    ["email-src", "@example.com"],
    ["filename|vhash", "a|b|c"],
    ["email-src", "no spaces@before the.at"],
    ["size-in-bytes", "1".repeat(19)],
    ["AS", "AS1.65536"],
    ["AS", "ASAS1"],
    ["port", "0"],
    ["port", "+80"],
    ["port", "８０"],
    ["ip-dst|port", "::ffff:1.2.3.4.80"],
    ["ip-dst|port", "1.2.3.4/24|80"],
    ["domain|ip", "a.example|1.2.3.0/24"],
    ["mac-address", "00:11:22:33:44"],
    ["http-method", "GET /"],
    ["url", `http://a${"[".repeat(5)}.${"]".repeat(5)}b`],
    ["filename", "a\tb"],
    ["filename", "a\u0085b"],
  ])("refuses %s %s", (type, value) => {
    expect(toPattern(type, value)).toMatchObject({ ok: false, reason: "unusable_value" });
  });

  it.each([
    ["ip-src", "0:0:0:0:0:ffff:198.51.100.7", "[ipv6-addr:value = '::ffff:198.51.100.7']"],
    [
      "ip-dst|port",
      "2001:db8::1 port 80",
      "[(network-traffic:dst_ref.type = 'ipv6-addr' AND network-traffic:dst_ref.value = '2001:db8::1' AND network-traffic:dst_port = 80)]",
    ],
    [
      "ip-src|port",
      "2001:db8::1p0443",
      "[(network-traffic:src_ref.type = 'ipv6-addr' AND network-traffic:src_ref.value = '2001:db8::1' AND network-traffic:src_port = 443)]",
    ],
    ["port", "0443", "[network-traffic:dst_port = 443]"],
    ["size-in-bytes", "000", "[file:size = 0]"],
    ["domain", "..ＥＸＡＭＰＬＥ。com.", "[domain-name:value = 'example.com']"],
    ["filename", "$& {0} {iptype}", "[file:name = '$& {0} {iptype}']"],
    ["email-body", "a\r\n\tb", "[email-message:body = 'a\r\n\tb']"],
    ["url", "http://a[[.]]b", "[url:value = 'http://a.b']"],
    [
      "malware-sample",
      "a | D41D8CD98F00B204E9800998ECF8427E",
      "[(file:name = 'a' AND file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e')]",
    ],
  ])("reads %s %s", (type, value, pattern) => {
    expect(toPattern(type, value)).toEqual({ ok: true, pattern, patternType: "stix" });
  });

  it.each(mispTypes)("takes linear time for a long value of %s", (type) => {
    const length = 500_000;
    const started = performance.now();
    for (const unit of [".", "@", "[", "\\", '"', "'", "0", ":", "|", "a.", '"\\', "(sid:", "ü"]) {
      toPattern(type, `alert ${unit.repeat(length / unit.length)}x`);
      toPattern(type, `${unit.repeat(length / unit.length)}x`);
    }
    // Quadratic time would be minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe("describeMapping", () => {
  it("shows every type's template, pattern type and shape", () => {
    const { table } = JSON.parse(describeMapping()) as { table: readonly unknown[][] };
    const wanted = [...mappings].map(([type, { template, patternType, shape }]) => [
      type,
      template,
      patternType,
      shape,
    ]);
    expect(table).toEqual(wanted);
  });

  it("shows the form of every hash", () => {
    expect(describeMapping()).toContain('["md5","^[0-9a-f]{32}$"]');
  });
});
