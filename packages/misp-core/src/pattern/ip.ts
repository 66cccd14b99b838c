/** An IP address or a network, in its one canonical text. */
export interface IpAddress {
  readonly stixType: "ipv4-addr" | "ipv6-addr";
  /** IPv4 as four decimals; IPv6 as RFC 5952 has it; a network with a slash and its prefix length behind. */
  readonly text: string;
}

/** The longest text of an IPv6 address, `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`; anything longer is refused unseen. */
const longestAddress = 45;

/**
 * Reads an address strictly, as MISP's server does (PHP's `FILTER_VALIDATE_IP`): four decimals without leading zeros, or IPv6
 * without a zone. No octal, no hexadecimal, no shortened forms, which other readers would take for another address.
 */
export function parseIp(text: string): IpAddress | undefined {
  if (text.length > longestAddress) return undefined;
  if (!text.includes(":")) return isIpv4(text) ? { stixType: "ipv4-addr", text } : undefined;
  const groups = ipv6Groups(text);
  return groups === undefined ? undefined : { stixType: "ipv6-addr", text: formatIpv6(groups) };
}

/**
 * Reads an address or a network in CIDR notation. Host bits stay as they are, and a prefix that covers the whole address is
 * dropped, as MISP's server does.
 */
export function parseIpOrNetwork(text: string): IpAddress | undefined {
  const slash = text.indexOf("/");
  if (slash === -1) return parseIp(text);
  const address = parseIp(text.slice(0, slash));
  const prefix = text.slice(slash + 1);
  if (address === undefined || !/^\d{1,3}$/.test(prefix)) return undefined;
  const bits = Number(prefix);
  const all = address.stixType === "ipv4-addr" ? 32 : 128;
  if (bits > all) return undefined;
  return bits === all ? address : { ...address, text: `${address.text}/${bits}` };
}

function isIpv4(text: string): boolean {
  const octets = text.split(".");
  return octets.length === 4 && octets.every((octet) => /^(?:0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255);
}

/** The eight groups of an IPv6 address, or undefined when the text is none. */
function ipv6Groups(text: string): readonly number[] | undefined {
  const sides = text.split("::");
  if (sides.length > 2) return undefined;
  const head = groupsOf(sides[0] ?? "", sides.length === 1);
  const tail = sides.length === 2 ? groupsOf(sides[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (sides.length === 1) return missing === 0 ? head : undefined;
  return missing >= 1 ? [...head, ...new Array<number>(missing).fill(0), ...tail] : undefined;
}

/** Groups between colons; the last may be an IPv4 address where the text ends. */
function groupsOf(text: string, atEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const fields = text.split(":");
  for (const [index, field] of fields.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(field)) groups.push(Number.parseInt(field, 16));
    else if (atEnd && index === fields.length - 1 && isIpv4(field)) groups.push(...ipv4Groups(field));
    else return undefined;
  }
  return groups;
}

function ipv4Groups(text: string): readonly [number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split(".").map(Number);
  return [a * 256 + b, c * 256 + d];
}

/**
 * RFC 5952: the first longest run of two or more zero groups shortened, lower case. Addresses that carry an IPv4 address
 * (`::ffff:0:0/96`, and the old `::/96`) end in its decimals: MISP stores what PHP's `inet_ntop` prints, and that does so.
 */
function formatIpv6(groups: readonly number[]): string {
  const zeros = longestZeroRun(groups);
  const mixed = zeros.start === 0 && (zeros.length === 6 || (zeros.length === 5 && groups[5] === 0xffff));
  const fields = groups.map((group) => group.toString(16));
  if (mixed)
    fields.splice(
      6,
      2,
      groups
        .slice(6)
        .flatMap((group) => [group >> 8, group & 255])
        .join("."),
    );
  if (zeros.length < 2) return fields.join(":");
  return `${fields.slice(0, zeros.start).join(":")}::${fields.slice(zeros.start + zeros.length).join(":")}`;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index += 1) {
    if (groups[index] === 0) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}
