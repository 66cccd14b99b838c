import { resolve } from "node:path";
import { mispTypes, nearestWord, type QualityGates } from "@tb/misp-core";
import { z } from "zod";
import { type Exceptions, parseExceptions } from "../quality/exceptions.ts";
import { duration } from "./duration.ts";
import { readNamedFile } from "./named-file.ts";
import type { Report } from "./report.ts";
import { text } from "./scalars.ts";
import { asMapping, type ConfigPath } from "./tree.ts";

/** MISP's names for its levels of distribution, in lower case, and shorter ones. */
const levelNames: Readonly<Record<string, number>> = {
  "your organisation only": 0,
  "your organization only": 0,
  organisation: 0,
  organization: 0,
  "this community only": 1,
  "this community": 1,
  community: 1,
  "connected communities": 2,
  connected: 2,
  "all communities": 3,
  all: 3,
  "sharing group": 4,
};

/** A number, or a name, which {@link readGates} looks up: what is wrong with it can then be said of it alone. */
const level = z.union([z.int().min(0).max(4), text], { error: "expected a number from 0 to 4, or MISP's name for it" });

/** Keys of the `misp` section that say what more an attribute has to be. */
export const gatesShape = {
  published_only: z.boolean().default(false).describe("Only attributes of published events."),
  distribution: z
    .union([z.array(level).min(1), level.transform((one) => [one])], {
      error: "expected MISP's distributions, such as [1, 2, 3] or [community, connected, all]",
    })
    .optional()
    .describe(
      "How far MISP lets it go: the levels that may pass, of attribute, object and event together. Absent: all.",
    ),
  max_age: duration.optional().describe("Only attributes that were changed in MISP less long ago. Absent: of any age."),
  valid_for: z
    .record(z.string(), duration)
    .refine((times) => Object.keys(times).length > 0, { error: "expected MISP's types, or default, each with a time" })
    .optional()
    .describe("How long indicators are valid after MISP's last change, by MISP's type; default for the others."),
  except: z
    .strictObject({
      file: text.describe("A list of addresses, networks, domains and values that are never announced."),
    })
    .optional(),
};

/** The quality gates as they are configured. */
export interface GatesConfig extends Omit<QualityGates, "exceptionFor"> {
  readonly except?: {
    /** Absolute. */
    readonly file: string;
    /** As it was when the configuration was read. */
    readonly list: Exceptions;
  };
}

const gatesSchema = z.object(gatesShape);
/** More bad lines are not told: the file is another one then. */
const maxTold = 10;

/** The gates of the `misp` section. Undefined when something is wrong: what the schema does not say is reported here. */
export function readGates(
  section: Readonly<Record<string, unknown>>,
  path: ConfigPath,
  { folder, report }: { readonly folder: string; readonly report: Report },
): GatesConfig | undefined {
  const parsed = gatesSchema.safeParse(section);
  warnUnknownTypes(asMapping(section["valid_for"]), [...path, "valid_for"], report);
  if (!parsed.success) return undefined;
  const { published_only: publishedOnly, distribution, max_age: maxAge, valid_for: validFor, except } = parsed.data;
  const excepted = except && readExceptions(except.file, [...path, "except", "file"], { folder, report });
  if (except !== undefined && excepted === undefined) return undefined;
  const levels = distribution?.map((one) => toLevel(one, [...path, "distribution"], report));
  if (levels?.includes(undefined)) return undefined;
  return {
    ...(publishedOnly ? { publishedOnly } : {}),
    ...(levels === undefined ? {} : { distribution: new Set(levels.filter((one) => one !== undefined)) }),
    ...(maxAge === undefined ? {} : { maxAgeMs: toMs(maxAge) }),
    ...(validFor === undefined ? {} : { validFor: toValidFor(validFor) }),
    ...(excepted === undefined ? {} : { except: excepted }),
  };
}

/** Undefined, and reported, for a name that MISP does not have. */
function toLevel(written: number | string, path: ConfigPath, report: Report): number | undefined {
  if (typeof written === "number") return written;
  const name = written.trim().toLowerCase();
  const known = /^[0-4]$/.test(name) ? Number(name) : levelNames[name];
  if (known !== undefined) return known;
  const near = nearestWord(name, Object.keys(levelNames));
  const suggestion =
    near === undefined
      ? "write organisation, community, connected, all, sharing group, or 0 to 4"
      : `did you mean "${near}"?`;
  report.problem(path, `MISP has no distribution named ${JSON.stringify(written)}`, suggestion);
  return undefined;
}

/** Whole milliseconds, as MISP's timestamps and the clock are. */
function toMs(seconds: number): number {
  return Math.max(1, Math.round(seconds * 1000));
}

function toValidFor({
  default: byDefault,
  ...times
}: Readonly<Record<string, number>>): NonNullable<QualityGates["validFor"]> {
  const byType = new Map(Object.entries(times).map(([type, seconds]) => [type, toMs(seconds)]));
  return { byType, ...(byDefault === undefined ? {} : { defaultMs: toMs(byDefault) }) };
}

function warnUnknownTypes(times: Readonly<Record<string, unknown>>, path: ConfigPath, report: Report): void {
  for (const type of Object.keys(times)) {
    if (type === "default" || mispTypes.includes(type)) continue;
    const near = nearestWord(type, ["default", ...mispTypes]);
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    report.warn([...path, type], `MISP has no attribute type of this name${hint}`);
  }
}

function readExceptions(
  named: string,
  place: ConfigPath,
  { folder, report }: { readonly folder: string; readonly report: Report },
): GatesConfig["except"] {
  const content = readNamedFile(named, { place, folder, report, mayBeEmpty: true });
  if (content === undefined) return undefined;
  const file = resolve(folder, named);
  const { exceptions, bad } = parseExceptions(content);
  for (const { line, message } of bad.slice(0, maxTold)) report.problem(place, `${file}:${line}: ${message}`);
  if (bad.length > maxTold) report.problem(place, `${file} has ${bad.length - maxTold} more lines that cannot be read`);
  return bad.length > 0 ? undefined : { file, list: exceptions };
}
