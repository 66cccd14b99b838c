import { BlockList, isIPv4 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createNetworkSet, type Network, parseNetwork } from "./networks.ts";

const parse = (text: string): Network => {
  const network = parseNetwork(text);
  if (network === undefined) throw new Error(`${text} is no network`);
  return network;
};

describe("parseNetwork", () => {
  it.each([
    "192.0.2.1/33",
    "192.0.2.1/",
    "192.0.2.1/a",
    "192.0.2.1/8/8",
    "192.0.2",
    "192.0.2.256",
    "2001:db8::/129",
    "2001:db8:::1",
    "fe80::1%eth0",
    "example.org",
    "",
  ])("%j is none", (text) => expect(parseNetwork(text)).toBeUndefined());

  it("an IPv6 address that carries an IPv4 address is that address", () => {
    expect(parse("::ffff:192.0.2.1")).toEqual(parse("192.0.2.1"));
    expect(parse("::ffff:c000:0201")).toEqual(parse("192.0.2.1"));
    expect(parse("::ffff:192.0.2.0/120")).toEqual(parse("192.0.2.0/24"));
  });
});

describe("a set of networks", () => {
  it("holds networks within its own, not those around them", () => {
    const set = createNetworkSet([[parse("10.1.0.0/16"), "ten"]]);
    expect(set.holding(parse("10.1.2.0/24"))).toBe("ten");
    expect(set.holding(parse("10.1.0.0/16"))).toBe("ten");
    expect(set.holding(parse("10.0.0.0/8"))).toBeUndefined();
    expect(set.holding(parse("::a01:203"))).toBeUndefined();
  });

  it("all addresses of a family", () => {
    const set = createNetworkSet([[parse("::/0"), "six"]]);
    expect(set.holding(parse("2001:db8::1"))).toBe("six");
    expect(set.holding(parse("192.0.2.1"))).toBeUndefined();
  });

  it("property: holds what Node's own list of networks has", () => {
    const near = fc.constantFrom(
      "10.0.0.0",
      "10.1.0.0",
      "10.1.128.0",
      "2001:db8::",
      "2001:db8:0:8000::",
      "::",
      "fe80::1",
    );
    const random = fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((ip) => parseNetwork(ip) !== undefined),
      near,
    );
    const network = fc.record({ ip: random, prefix: fc.nat(128) }).map(({ ip, prefix }) => {
      return { ip, prefix: isIPv4(ip) ? prefix % 33 : prefix };
    });
    fc.assert(
      fc.property(fc.array(network, { maxLength: 5 }), random, (networks, ip) => {
        const list = new BlockList();
        // Node takes 192.0.2.1 for a part of ::/0, too.
        for (const { ip: of, prefix } of networks.filter(({ ip: of }) => isIPv4(of) === isIPv4(ip)))
          list.addSubnet(of, prefix, isIPv4(of) ? "ipv4" : "ipv6");
        const set = createNetworkSet(networks.map(({ ip: of, prefix }) => [parse(`${of}/${prefix}`), of] as const));
        expect(set.holding(parse(ip)) !== undefined).toBe(list.check(ip, isIPv4(ip) ? "ipv4" : "ipv6"));
      }),
      { numRuns: 500 },
    );
  });
});
