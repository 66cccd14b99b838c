import { hash } from "node:crypto";
import { hostOf } from "./host-of.ts";
import { createNetworkSet, type Network, type NetworkSet, parseNetwork } from "./networks.ts";

/** What is never announced, whatever MISP says about it. */
export interface Exceptions {
  /** The item that a value falls under, as it is written in the list; undefined: none. */
  exceptionFor(type: string, value: string): string | undefined;
  readonly size: number;
  /** The same for lists that mean the same: comments and the order of lines do not count. */
  readonly digest: string;
}

/** A line that is left out, and why. */
export interface BadLine {
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** Two or more labels of letters, digits, hyphens and underscores, whatever the script; perhaps a dot at the end. */
const domainShape =
  /^(?:[\p{L}\p{N}\p{M}_](?:[\p{L}\p{N}\p{M}_-]{0,61}[\p{L}\p{N}\p{M}_])?\.)+[\p{L}\p{N}\p{M}_-]{2,63}\.?$/u;
/** Meant as an address or a network, and none if it is not read as one; MAC addresses and fingerprints have colons, too. */
const addressLike =
  /^\d+(?:\.\d*)+(?:\/.*)?$|^\d+\/\d+$|^[\da-f:.]*::[\da-f:.]*(?:\/.*)?$|^[\da-f:.]*:[\da-f:.]*\/\d*$/i;
const maxLength = 8_192;

/**
 * Reads a list of exceptions, one a line: an address or network (CIDR), a domain, which stands for all names below it too (`*.` and
 * a dot before it are left out), or any other value, exactly, but for upper and lower case. `#` at the beginning of a line or after
 * white space begins a comment. Lines that cannot be meant are left out and reported.
 */
export function parseExceptions(text: string): { readonly exceptions: Exceptions; readonly bad: readonly BadLine[] } {
  const bad: BadLine[] = [];
  const items = new Set<string>();
  const networks: (readonly [Network, string])[] = [];
  const domains = new Map<string, string>();
  const values = new Map<string, string>();
  for (const [index, raw] of text
    .replace(/^\ufeff/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const item = raw.replace(/(?:^|\s)#.*$/, "").trim();
    if (item === "") continue;
    const problem = problemOf(item);
    if (problem !== undefined) {
      bad.push({ line: index + 1, message: problem });
      continue;
    }
    items.add(item);
    const network = parseNetwork(item);
    const domain = item.replace(/^\*?\./, "");
    if (network !== undefined) networks.push([network, item]);
    else if (domainShape.test(domain)) domains.set(hostOf("domain", domain) ?? domain.toLowerCase(), item);
    values.set(item.toLowerCase(), item);
  }
  const exceptions: Exceptions = {
    exceptionFor: createLookup(createNetworkSet(networks), domains, values),
    size: items.size,
    digest: hash("sha256", JSON.stringify([...items].sort())),
  };
  return { exceptions, bad };
}

function problemOf(item: string): string | undefined {
  if (item.length > maxLength) return `longer than ${maxLength} characters`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0008\u000e-\u001f\u007f\ufffd]/.test(item)) return "control characters, or not UTF-8";
  if (parseNetwork(item) !== undefined) return undefined;
  if (addressLike.test(item)) return "neither an IP address nor a network such as 192.0.2.0/24 or 2001:db8::/32";
  const domain = item.replace(/^\*?\./, "");
  if (domain.includes("*") && domainShape.test(domain.replaceAll("*", "x"))) {
    return "a * stands only for all names below a domain, as in *.example.org, which example.org says too";
  }
  return undefined;
}

function createLookup(
  networks: NetworkSet,
  domains: ReadonlyMap<string, string>,
  values: ReadonlyMap<string, string>,
): Exceptions["exceptionFor"] {
  const byDomain = (host: string): string | undefined => {
    for (let name = host; ; name = name.slice(name.indexOf(".") + 1)) {
      const item = domains.get(name);
      if (item !== undefined || !name.includes(".")) return item;
    }
  };
  const byHost = (host: string | undefined): string | undefined => {
    if (host === undefined) return undefined;
    const network = parseNetwork(host);
    return network === undefined ? byDomain(host) : networks.holding(network);
  };
  const byPart = (type: string, part: string): string | undefined => {
    const network = parseNetwork(part);
    if (network !== undefined) return values.get(part.toLowerCase()) ?? networks.holding(network);
    return values.get(part.toLowerCase()) ?? byHost(hostOf(type, part));
  };
  return (type, value) => {
    if (values.size === 0) return undefined;
    const whole = byPart(type, value.trim());
    if (whole !== undefined || !value.includes("|")) return whole;
    // A port is no exception by itself: 443 would hold back everything that listens there.
    const parts = value.split("|").map((part) => part.trim());
    const counted = type.endsWith("|port") ? parts.slice(0, 1) : parts;
    for (const part of counted) {
      const item = part === "" ? undefined : byPart(type, part);
      if (item !== undefined) return item;
    }
    return undefined;
  };
}
