import { type IpAddress, parseIp, parseIpOrNetwork } from "./ip.ts";
import { halves, lowerCase, notTwoHalves, type Reader, type Reading, trim, unusable, usable } from "./reading.ts";
import { refang } from "./refang.ts";

const notAnAddress = "expected an IPv4 or IPv6 address";
const notAPort = "expected a port between 1 and 65535";
const notADomain = "expected a domain name with at least two labels, of letters, digits, hyphens, dots and underscores";

/** `ip-src`, `ip-dst`: an address or a network. */
export const readIp: Reader = (value) => {
  const address = parseIpOrNetwork(refang(value, "host") ?? "");
  return address === undefined ? unusable(`${notAnAddress}, perhaps with a prefix length`) : withAddress(address);
};

/** `domain`. */
export const readDomain: Reader = (value) => {
  const domain = toDomain(refang(lowerCase(value), "host") ?? "");
  return domain === undefined ? unusable(notADomain) : usable(domain);
};

/** `hostname`: as the server has it, neither outer dots nor other scripts are mended. */
export const readHostname: Reader = (value) => {
  const hostname = refang(lowerCase(value), "host") ?? "";
  return isDomain(hostname) ? usable(hostname) : unusable(notADomain);
};

/** `domain|ip`: what follows a second `|` is dropped, as the server does. */
export const readDomainAndIp: Reader = (value) => {
  const [first, second] = (refang(lowerCase(value), "host") ?? "").split("|", 2).map(trim);
  const domain = first === undefined ? undefined : toDomain(first);
  const address = second === undefined ? undefined : parseIp(second);
  if (domain === undefined) return unusable(notADomain);
  return address === undefined ? unusable(`${notAnAddress} after the |`) : withAddress(address, domain);
};

/** `hostname|port`; the server stores a colon as `|`. */
export const readHostnameAndPort: Reader = (value) => {
  const both = halves(lowerCase(value).replaceAll(":", "|"));
  if (both === undefined) return unusable(notTwoHalves);
  if (!isDomain(both[0])) return unusable(notADomain);
  const port = toPort(both[1]);
  return port === undefined ? unusable(notAPort) : usable(both[0], port);
};

/** `ip-src|port`, `ip-dst|port`, in every spelling that the server takes; it stores `address|port`. */
export const readIpAndPort: Reader = (value) => {
  const fields = splitAddressAndPort(value);
  const address = fields === undefined ? undefined : parseIp(fields[0]);
  if (fields === undefined || address === undefined) return unusable(`${notAnAddress}, then | and a port`);
  const port = toPort(fields[1]);
  if (port === undefined) return unusable(notAPort);
  return { ok: true, parts: [address.text, port], ipType: address.stixType };
};

/** `port`. */
export const readPort: Reader = (value) => {
  const port = toPort(value);
  return port === undefined ? unusable(notAPort) : usable(port);
};

/** `AS`: plain or dotted (RFC 5396), with or without `AS` before it. */
export const readAutonomousSystem: Reader = (value) => {
  const [, high, low] = /^(?:as)?(\d{1,10})(?:\.(\d{1,5}))?$/i.exec(value) ?? [];
  const number = low === undefined ? Number(high) : Number(high) * 65_536 + Number(low);
  const dotted = low === undefined || (Number(high) <= 65_535 && Number(low) <= 65_535);
  if (dotted && number <= 4_294_967_295) return usable(String(number));
  return unusable("expected the number of an autonomous system, at most 4294967295");
};

/** `mac-address`, `mac-eui-64`: pairs of digits with colons, whatever stood between them. */
export function macReader(digits: 12 | 16): Reader {
  const form = new RegExp(`^[0-9a-f]{${digits}}$`);
  return (value) => {
    const bare = lowerCase(value).replace(/[.:\- ]/g, "");
    if (!form.test(bare)) return unusable(`expected ${digits} hexadecimal digits`);
    return usable(bare.replace(/..(?!$)/g, "$&:"));
  };
}

function withAddress(address: IpAddress, ...before: string[]): Reading {
  return { ok: true, parts: [...before, address.text], ipType: address.stixType };
}

/** What the server takes for a domain name; longer ones than DNS allows are refused here. */
function isDomain(value: string): boolean {
  return value.length <= 253 && /^[a-z0-9.\-_]+\.[a-z0-9-]{2,}$/.test(value);
}

/** Without outer dots, and as ASCII: other scripts go through UTS 46, the server's `idn_to_ascii`. */
function toDomain(value: string): string | undefined {
  // Long before the expressions below could take quadratic time.
  if (value.length > 1000) return undefined;
  const bare = value.replace(/^\.+/, "").replace(/\.+$/, "");
  if (isDomain(bare)) return bare;
  if (bare.length > 253 || !/^[a-z0-9.\-_\u0080-\uffff]+$/.test(bare)) return undefined;
  const ascii = hostOf(bare);
  // A host of digits that mean the same as 0-9 (full width, say) comes back as an address, and that is no domain name.
  return ascii !== undefined && isDomain(ascii) && !/^[\d.]+$/.test(ascii) ? ascii : undefined;
}

function hostOf(name: string): string | undefined {
  try {
    return new URL(`http://${name}`).hostname;
  } catch {
    return undefined;
  }
}

/** Decimal digits as an integer literal: the server keeps leading zeros, STIX does not know them. */
function toPort(digits: string): string | undefined {
  if (!/^0*[1-9]\d{0,4}$/.test(digits)) return undefined;
  const port = Number(digits);
  return port <= 65_535 ? String(port) : undefined;
}

/** The server's order of tries. It cuts off what follows a second separator; here only after `|`, the rest is refused. */
function splitAddressAndPort(value: string): readonly [string, string] | undefined {
  const colons = value.split(":", 3).length - 1;
  const bracketed = /^\[([^\]]*)\]:(\d+)$/.exec(value);
  if (colons >= 2) {
    if (value.includes("|")) return firstTwo(value.split("|", 2));
    if (bracketed !== null) return firstTwo(bracketed.slice(1));
    for (const separator of [".", " port ", "p", "#"]) {
      if (value.includes(separator)) return exactlyTwo(value.split(separator, 3));
    }
    const last = value.lastIndexOf(":");
    return [value.slice(0, last), value.slice(last + 1)];
  }
  return colons === 1 ? exactlyTwo(value.split(":", 3)) : firstTwo(value.split("|", 2));
}

function firstTwo([address, port]: readonly string[]): readonly [string, string] | undefined {
  return address === undefined || port === undefined ? undefined : [trim(address), trim(port)];
}

function exactlyTwo(fields: readonly string[]): readonly [string, string] | undefined {
  return fields.length === 2 ? firstTwo(fields) : undefined;
}
