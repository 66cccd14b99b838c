import { isFields } from "./decode-fields.ts";
import { describeFilter } from "./describe-filter.ts";
import { createFilter, type Filter, type FilterItem } from "./filter.ts";
import { nearestWord } from "./nearest-word.ts";
import { mispTypes } from "./pattern/pattern.ts";

/** Something about a filter that its author should know, and where it stands. */
export interface FilterProblem {
  /** Below `filter`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** What to write instead. */
  readonly suggestion?: string;
}

export type CompiledFilter =
  | { readonly ok: true; readonly filter: Filter; readonly warnings: readonly FilterProblem[] }
  | { readonly ok: false; readonly problems: readonly FilterProblem[] };

const keys = ["orgs", "types", "tags"] as const;
type Key = (typeof keys)[number];

const uuidShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Names that Threat Bus' documentation uses for MISP's own. */
const typeAliases: ReadonlyMap<string, string> = new Map([
  ["src-ip", "ip-src"],
  ["dst-ip", "ip-dst"],
]);

/**
 * Reads the configuration's `filter`: a list of items (OR), each with `orgs`, `types` and `tags` (AND), each a list (OR).
 * A list of two or more items with one key each, all different, means AND, as Threat Bus' documentation has always used it;
 * `{ any: [...] }` means OR. Absent means everything; present and empty is an error, never an open gate.
 *
 * @param raw the YAML value
 */
export function compileFilter(raw: unknown): CompiledFilter {
  if (raw === undefined) return { ok: true, filter: createFilter([]), warnings: [] };
  const problems: FilterProblem[] = [];
  const warnings: FilterProblem[] = [];
  const { list, path, forcedAny } = readList(raw, problems);
  const pathOf = (i: number) => (isSingle(raw) ? path : [...path, i]);
  const items = list.map((item, i) => readItem(item, pathOf(i), problems, warnings));
  if (problems.length > 0) return { ok: false, problems };

  const merged = forcedAny ? undefined : mergeSingleKeys(items);
  if (merged === undefined) return { ok: true, filter: createFilter(items), warnings };
  warnings.push(explainMerge(items, merged));
  return { ok: true, filter: createFilter([merged]), warnings };
}

/** A mapping with `orgs`, `types` or `tags` directly under `filter` is one item. */
function isSingle(raw: unknown): boolean {
  return isFields(raw) && !("any" in raw);
}

function readList(raw: unknown, problems: FilterProblem[]) {
  const forcedAny = isFields(raw) && "any" in raw;
  const path = forcedAny ? ["any"] : [];
  if (forcedAny) {
    for (const key of Object.keys(raw)) {
      if (key !== "any")
        problems.push({
          path: [key],
          message: `"${key}" cannot stand beside "any"`,
          suggestion: "move it into an item of the list under any",
        });
    }
  }
  const value = forcedAny ? raw["any"] : raw;
  const list = isFields(value) && !forcedAny ? [value] : value;
  if (!Array.isArray(list) || list.length === 0) {
    problems.push({
      path,
      message: `expected a list of items, got ${describe(value)}${isEmpty(value) ? '; an empty filter does not mean "everything"' : ""}`,
      suggestion: "remove the key to let everything through, or list what may pass",
    });
    return { list: [] as unknown[], path, forcedAny };
  }
  return { list: list as unknown[], path, forcedAny };
}

function readItem(
  raw: unknown,
  path: readonly (string | number)[],
  problems: FilterProblem[],
  warnings: FilterProblem[],
): FilterItem {
  if (!isFields(raw) || Object.keys(raw).length === 0) {
    problems.push({
      path,
      message: `expected a mapping with orgs, types or tags, got ${describe(raw)}`,
      suggestion: 'remove the item, or write for example types: ["ip-dst"]',
    });
    return {};
  }
  const item: { -readonly [K in Key]?: readonly string[] } = {};
  for (const [key, value] of Object.entries(raw)) {
    if (!isKey(key)) {
      const near = nearestWord(key, keys);
      problems.push({
        path: [...path, key],
        message: `unknown key "${key}"; an item has orgs, types and tags`,
        ...(near === undefined ? {} : { suggestion: `did you mean "${near}"?` }),
      });
      continue;
    }
    const values = readValues(value, [...path, key], problems);
    if (values === undefined) continue;
    if (key === "orgs") item.orgs = unique(values.flatMap((org, i) => readOrg(org, [...path, key, i], problems)));
    else if (key === "types") item.types = unique(readTypes(values, [...path, key], problems, warnings));
    else item.tags = unique(values.map((tag) => tag.toLowerCase()));
  }
  return item;
}

function isKey(key: string): key is Key {
  return (keys as readonly string[]).includes(key);
}

function readValues(raw: unknown, path: readonly (string | number)[], problems: FilterProblem[]): string[] | undefined {
  const list: unknown = typeof raw === "string" || typeof raw === "number" ? [raw] : raw;
  if (!Array.isArray(list) || list.length === 0) {
    problems.push({
      path,
      message: `expected a list with at least one value, got ${describe(raw)}${isEmpty(raw) ? '; an empty list does not mean "all"' : ""}`,
      suggestion: "remove the key to let all pass, or list what may",
    });
    return undefined;
  }
  const values: string[] = [];
  for (const [i, value] of (list as unknown[]).entries()) {
    if ((typeof value === "string" && value !== "") || (typeof value === "number" && Number.isSafeInteger(value)))
      values.push(String(value));
    else problems.push({ path: [...path, i], message: `expected a text or a whole number, got ${describe(value)}` });
  }
  return values;
}

/** Written twice, or once as an alias, a value still counts once. */
function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function readOrg(org: string, path: readonly (string | number)[], problems: FilterProblem[]): string[] {
  if (/^[1-9]\d{0,15}$/.test(org) || uuidShape.test(org)) return [org.toLowerCase()];
  problems.push({
    path,
    message: `"${org}" is neither an organisation's id nor its UUID`,
    suggestion: "MISP lists both under Administration → List Organisations",
  });
  return [];
}

function readTypes(
  values: readonly string[],
  path: readonly (string | number)[],
  problems: FilterProblem[],
  warnings: FilterProblem[],
): string[] {
  let unknown = 0;
  const types = values.map((value, i) => {
    const alias = typeAliases.get(value);
    if (alias !== undefined) {
      warnings.push({ path: [...path, i], message: `"${value}" is read as MISP's type "${alias}"`, suggestion: alias });
      return alias;
    }
    if (mispTypes.includes(value)) return value;
    unknown += 1;
    const near = nearestWord(value, mispTypes);
    warnings.push({
      path: [...path, i],
      message: `MISP has no attribute type "${value}"`,
      ...(near === undefined ? {} : { suggestion: near }),
    });
    return value;
  });
  if (unknown > 0 && unknown === values.length) {
    problems.push({
      path,
      message: `MISP knows none of these types: ${values.join(", ")}; nothing could ever pass`,
      suggestion: suggestTypes(values),
    });
  }
  return types;
}

function suggestTypes(values: readonly string[]): string {
  const near = values.map((value) => nearestWord(value, mispTypes)).filter((type) => type !== undefined);
  return near.length > 0 ? `write ${near.join(", ")}` : "docs/mapping.md lists MISP's types";
}

/** The one item that a list of single, different keys means; undefined for every other list. */
function mergeSingleKeys(items: readonly FilterItem[]): FilterItem | undefined {
  if (items.length < 2 || items.some((item) => Object.keys(item).length !== 1)) return undefined;
  const used = items.map((item) => Object.keys(item)[0]);
  return new Set(used).size === items.length ? Object.assign({}, ...items) : undefined;
}

function explainMerge(items: readonly FilterItem[], merged: FilterItem): FilterProblem {
  const and = describeFilter({ items: [merged] });
  const or = describeFilter({ items });
  const spelled = (item: FilterItem) =>
    Object.entries(item)
      .map(
        ([key, values]) =>
          `${key}: [${(values as readonly string[]).map((value) => JSON.stringify(value)).join(", ")}]`,
      )
      .join(", ");
  return {
    path: [],
    message:
      `a list of items with one key each is read as AND, as Threat Bus' documentation means it: ${and}. ` +
      `To say so explicitly: filter: [{ ${spelled(merged)} }]. ` +
      `For OR (${or}): filter: { any: [${items.map((item) => `{ ${spelled(item)} }`).join(", ")}] }`,
  };
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === "";
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "nothing (null)";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return Object.keys(value).length === 0 ? "an empty mapping" : "a mapping";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
