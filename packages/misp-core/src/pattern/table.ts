import { type HashType, hashForms } from "./hash.ts";
import type { Shape } from "./normalise.ts";

/** STIX's `pattern_type`s that MISP types map to. */
type PatternType = "stix" | "snort" | "suricata" | "yara" | "sigma";

/** What becomes of a MISP type. */
export interface Mapping {
  /**
   * The pattern with places for the parts of the value: `{0}` and `{1}` (inside quotes they are escaped), `{iptype}` for
   * `ipv4-addr` or `ipv6-addr`. A rule is `{0}` alone, verbatim.
   */
  readonly template: string;
  readonly patternType: PatternType;
  /** How the value is read. */
  readonly shape: Shape;
  /** For the documentation. */
  readonly note?: string;
}

const optional = "Less certain than the rest: STIX has the property, few tools fill it.";
const fullHives = "STIX 2.1 wants hives written out (HKEY_LOCAL_MACHINE); MISP's spelling is kept.";
const network = "An address or a CIDR network. Host bits stay; /32 and /128 are dropped; IPv6 in its short form.";
const anyUrl = "Defanged values are mended, as MISP does on save.";

/** Hash types that come by themselves, and those that also come with a file name. */
const soloHashes: readonly HashType[] = ["telfhash", "cdhash"];
const hashesWithName = (Object.keys(hashForms) as HashType[]).filter((type) => !soloHashes.includes(type));

/** A type compared with one property as a string. */
function one(type: string, path: string, shape: Shape = "text", note?: string): [string, Mapping] {
  return stix(type, `[${path} = '{0}']`, shape, note);
}

/** A type compared with one property as an integer. */
function integer(type: string, path: string, shape: Shape): [string, Mapping] {
  return stix(type, `[${path} = {0}]`, shape);
}

/** Comparisons of one object that must all hold: always in parentheses, without which existing consumers misread them. */
function all(type: string, shape: Shape, comparisons: readonly string[], note?: string): [string, Mapping] {
  return stix(type, `[(${comparisons.join(" AND ")})]`, shape, note);
}

function stix(type: string, template: string, shape: Shape, note?: string): [string, Mapping] {
  return [type, { template, patternType: "stix", shape, ...(note === undefined ? {} : { note }) }];
}

function rule(type: Exclude<PatternType, "stix">, shape: Shape, note?: string): [string, Mapping] {
  return [type, { template: "{0}", patternType: type, shape, ...(note === undefined ? {} : { note }) }];
}

function file(type: string, hash: HashType): [string, Mapping] {
  return all(type, `file|hash ${hash}`, ["file:name = '{0}'", `file:hashes.${hashForms[hash].key} = '{1}'`]);
}

function flow(type: string, shape: Shape, end: "src" | "dst", otherEnd: string): [string, Mapping] {
  const reference = `network-traffic:${end}_ref`;
  const port = `network-traffic:${end}_port = {1}`;
  return all(type, shape, [`${reference}.type = '${otherEnd}'`, `${reference}.value = '{0}'`, port]);
}

/** Every MISP type that has a pattern. Types that are not here are in `unmapped.ts`, with the reason. */
export const mappings: ReadonlyMap<string, Mapping> = new Map([
  // Files
  ...(Object.keys(hashForms) as HashType[]).map((hash) =>
    one(hash, `file:hashes.${hashForms[hash].key}`, `hash ${hash}`),
  ),
  ...hashesWithName.map((hash) => file(`filename|${hash}`, hash)),
  file("malware-sample", "md5"),
  one("filename", "file:name"),
  one("attachment", "file:name", "text", "The file's name only."),
  integer("size-in-bytes", "file:size", "size"),
  one("mime-type", "file:mime_type", "text", optional),

  // Addresses and names
  one("ip-src", "{iptype}:value", "ip", network),
  one("ip-dst", "{iptype}:value", "ip", network),
  one("domain", "domain-name:value", "domain", "Outer dots are dropped; names in other scripts become punycode."),
  one("hostname", "domain-name:value", "hostname"),
  stix(
    "domain|ip",
    "[domain-name:value = '{0}'] AND [{iptype}:value = '{1}']",
    "domain|ip",
    "Two observations: in one, existing consumers would misread it as a domain.",
  ),
  integer("AS", "autonomous-system:number", "AS"),
  one("mac-address", "mac-addr:value", "mac"),
  one("mac-eui-64", "mac-addr:value", "eui64", "STIX defines mac-addr for 48 bits only; kept as Threat Bus has it."),

  // Traffic
  flow("ip-src|port", "ip|port", "src", "{iptype}"),
  flow("ip-dst|port", "ip|port", "dst", "{iptype}"),
  flow("hostname|port", "hostname|port", "dst", "domain-name"),
  integer("port", "network-traffic:dst_port", "port"),
  one(
    "http-method",
    "network-traffic:extensions.'http-request-ext'.request_method",
    "http method",
    "In lower case, as STIX 2.1 wants it.",
  ),
  one("user-agent", "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[*]"),

  // Web
  one("url", "url:value", "url", anyUrl),
  one("link", "url:value", "url", anyUrl),
  one("uri", "url:value", "text", "May be a path alone."),

  // Mail
  one("email", "email-addr:value", "email"),
  one("email-src", "email-addr:value", "email"),
  one("email-dst", "email-addr:value", "email"),
  one("eppn", "email-addr:value", "email as it is"),
  one("email-subject", "email-message:subject"),
  one("email-body", "email-message:body", "lines"),
  one("email-header", "email-message:received_lines[*]", "lines"),
  one("email-message-id", "email-message:message_id"),
  one("email-attachment", "email-message:body_multipart[*].body_raw_ref.name"),
  one("email-reply-to", "email-message:additional_header_fields.'Reply-To'"),
  one("email-x-mailer", "email-message:additional_header_fields.'X-Mailer'"),

  // Hosts
  one("regkey", "windows-registry-key:key", "text", fullHives),
  all(
    "regkey|value",
    "key|value",
    ["windows-registry-key:key = '{0}'", "windows-registry-key:values[*].data = '{1}'"],
    `The first | separates. ${fullHives}`,
  ),
  one("mutex", "mutex:name"),
  one("windows-service-name", "process:extensions.'windows-service-ext'.service_name", "text", optional),
  one("windows-service-displayname", "process:extensions.'windows-service-ext'.display_name", "text", optional),
  one("cpe", "software:cpe", "text", optional),
  all("github-username", "text", ["user-account:account_type = 'github'", "user-account:account_login = '{0}'"]),

  // Certificates
  one("x509-fingerprint-md5", "x509-certificate:hashes.MD5", "fingerprint md5"),
  one("x509-fingerprint-sha1", "x509-certificate:hashes.'SHA-1'", "fingerprint sha1"),
  one("x509-fingerprint-sha256", "x509-certificate:hashes.'SHA-256'", "fingerprint sha256"),

  // Rules and patterns
  rule("snort", "rule line", "On one line."),
  rule(
    "suricata",
    "suricata rule",
    "On one line, action alert, exactly one sid:NUMBER; the Suricata app replaces by sid.",
  ),
  rule("yara", "rule"),
  rule("sigma", "rule"),
  stix(
    "stix2-pattern",
    "{0}",
    "stix pattern",
    "Its syntax is checked. Bare comparisons beside each other get parentheses; missing brackets are added.",
  ),
]);
