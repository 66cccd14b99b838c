import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/thorough.ts";
import { parseIp, parseIpOrNetwork } from "./ip.ts";

/** Texts that are addresses often enough, and nearly addresses else. */
const nearlyAddress = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc
    .tuple(fc.ipV6(), fc.nat(60), fc.constantFrom("", ":", "0", ".", "::", "1.2.3.4", "g", "ffff:"))
    .map(([address, at, insert]) => address.slice(0, at) + insert + address.slice(at)),
  fc.array(fc.constantFrom(..."01259af:.:"), { maxLength: 24 }).map((all) => all.join("")),
);
const groups = fc.array(fc.constantFrom(0, 0, 0, 1, 0xab, 0xffff), { minLength: 8, maxLength: 8 });

describe("parseIp", () => {
  it("takes exactly what Node's own parser takes", () => {
    fc.assert(
      fc.property(nearlyAddress, (text) => {
        const family = { 0: undefined, 4: "ipv4-addr", 6: "ipv6-addr" }[isIP(text)];
        expect(parseIp(text)?.stixType).toBe(family);
      }),
      { numRuns: runs(5000) },
    );
  });

  it("writes IPv6 as the URL standard does, which follows RFC 5952", () => {
    fc.assert(
      fc.property(groups, (numbers) => {
        const long = numbers.map((group) => group.toString(16).padStart(4, "0")).join(":");
        const text = parseIp(long)?.text ?? "";
        expect(new URL(`http://[${text}]`).hostname).toBe(new URL(`http://[${long}]`).hostname);
        if (!text.includes(".")) expect(`[${text}]`).toBe(new URL(`http://[${long}]`).hostname);
      }),
      { numRuns: runs(2000) },
    );
  });

  it.each([
    ["::ffff:1.2.3.4", "::ffff:1.2.3.4"],
    ["::FFFF:102:304", "::ffff:1.2.3.4"],
    ["::102:304", "::1.2.3.4"],
    ["0:0:0:0:0:1:2:3", "::1:2:3"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["::", "::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["0:0:1:0:0:1:0:0", "::1:0:0:1:0:0"],
    ["2001:DB8::1", "2001:db8::1"],
  ])("writes %s as %s", (text, canonical) => {
    expect(parseIp(text)).toEqual({ stixType: "ipv6-addr", text: canonical });
  });

  it.each([
    "010.0.0.1",
    "0x7f.0.0.1",
    "127.1",
    "2130706433",
    "1.2.3.4 ",
    "1.2.3.256",
    "fe80::1%eth0",
    "1.2.3.4:80",
    "::1.2.3",
    "1::2::3",
    "1:2:3:4:5:6:7:8::",
    "1.2.3.4::",
    "::1.2.3.4:5",
  ])("refuses %s", (text) => {
    expect(parseIp(text)).toBeUndefined();
  });
});

describe("parseIpOrNetwork", () => {
  it.each([
    ["198.51.100.7/24", "198.51.100.7/24"],
    ["198.51.100.7/32", "198.51.100.7"],
    ["198.51.100.7/08", "198.51.100.7/8"],
    ["2001:DB8:0::/32", "2001:db8::/32"],
    ["2001:db8::1/128", "2001:db8::1"],
    ["0.0.0.0/0", "0.0.0.0/0"],
  ])("reads %s as %s", (text, canonical) => {
    expect(parseIpOrNetwork(text)?.text).toBe(canonical);
  });

  it.each([
    "1.2.3.4/",
    "1.2.3.4/33",
    "::/129",
    "1.2.3.4/24/24",
    "1.2.3.4/-1",
    "1.2.3.4/+1",
    "1.2.3.4/ 8",
    "/24",
    "1.2.3.4/255.0.0.0",
  ])("refuses %s", (text) => {
    expect(parseIpOrNetwork(text)).toBeUndefined();
  });
});
