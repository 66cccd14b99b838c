import { type HashType, hashForms } from "./hash.ts";
import {
  macReader,
  readAutonomousSystem,
  readDomain,
  readDomainAndIp,
  readHostname,
  readHostnameAndPort,
  readIp,
  readIpAndPort,
  readPort,
} from "./network-readers.ts";
import { type Reader, type Reading, trim, unusable } from "./reading.ts";
import { readRule, readRuleLine, readStixPattern, readSuricataRule } from "./rule-readers.ts";
import {
  fileAndHashReader,
  fingerprintReader,
  hashReader,
  readEmail,
  readEmailAsItIs,
  readHttpMethod,
  readRegistryValue,
  readSize,
  readText,
  readUrl,
} from "./value-readers.ts";

/** How the value of a type is read; the name says the kind of value. */
export type Shape = PlainShape | HashShape;

type PlainShape =
  | "lines"
  | "stix pattern"
  | "rule"
  | "rule line"
  | "suricata rule"
  | "text"
  | "ip"
  | "ip|port"
  | "domain"
  | "domain|ip"
  | "hostname"
  | "hostname|port"
  | "port"
  | "AS"
  | "mac"
  | "eui64"
  | "email"
  | "email as it is"
  | "url"
  | "http method"
  | "size"
  | "key|value";

type HashShape = `${"hash" | "file|hash" | "fingerprint"} ${HashType}`;

interface ValueReader {
  readonly read: Reader;
  /** Characters that make the value unusable, whatever it is. */
  readonly forbidden: RegExp;
}

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are what they look for
const nul = /\0/;
const allButLineControls = /[\0-\x08\v\f\x0e-\x1f\x7f-\x9f]/;
const anyControl = /[\0-\x1f\x7f-\x9f]/;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: control characters are what they look for

const oneLine = (read: Reader): ValueReader => ({ read, forbidden: anyControl });
const severalLines = (read: Reader): ValueReader => ({ read, forbidden: allButLineControls });
/** A rule in another language: verbatim, whatever is in it. */
const verbatim = (read: Reader): ValueReader => ({ read, forbidden: nul });

const plainReaders: Readonly<Record<PlainShape, ValueReader>> = {
  text: oneLine(readText),
  lines: severalLines(readText),
  ip: oneLine(readIp),
  "ip|port": oneLine(readIpAndPort),
  domain: oneLine(readDomain),
  "domain|ip": oneLine(readDomainAndIp),
  hostname: oneLine(readHostname),
  "hostname|port": oneLine(readHostnameAndPort),
  port: oneLine(readPort),
  AS: oneLine(readAutonomousSystem),
  mac: oneLine(macReader(12)),
  eui64: oneLine(macReader(16)),
  email: oneLine(readEmail),
  "email as it is": oneLine(readEmailAsItIs),
  url: oneLine(readUrl),
  "http method": oneLine(readHttpMethod),
  size: oneLine(readSize),
  "key|value": oneLine(readRegistryValue),
  rule: verbatim(readRule),
  "rule line": verbatim(readRuleLine),
  "suricata rule": verbatim(readSuricataRule),
  "stix pattern": severalLines(readStixPattern),
};

const readers: ReadonlyMap<string, ValueReader> = new Map([
  ...Object.entries(plainReaders),
  ...(Object.keys(hashForms) as HashType[]).flatMap((type): [HashShape, ValueReader][] => [
    [`hash ${type}`, oneLine(hashReader(type))],
    [`file|hash ${type}`, oneLine(fileAndHashReader(type))],
    [`fingerprint ${type}`, oneLine(fingerprintReader(type))],
  ]),
]);

/**
 * Reads a value as MISP's server would store it, in the order in which the server goes (`beforeValidateMassage`, MISP 2.5.1):
 * trim, one `?` for each character beyond the basic plane (MISP's `utf8` columns cannot hold them), then what the kind of
 * value wants. What MISP stored reads as itself. Never throws, and takes time linear in the length.
 */
export function normalise(shape: Shape, value: string): Reading {
  const reader = readers.get(shape);
  if (reader === undefined)
    throw new Error(`no reader for the shape ${shape}: the table names one that does not exist`);
  if (/\p{Surrogate}/u.test(value)) return unusable("half of a surrogate pair: not well-formed Unicode");
  const clean = trim(value.replace(/[\u{10000}-\u{10ffff}]/gu, "?"));
  if (clean === "") return unusable("empty");
  if (reader.forbidden.test(clean)) return unusable("a control character in it");
  return reader.read(clean);
}
