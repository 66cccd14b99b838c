import { matchesWildcard } from "./wildcard.ts";

/** One item of a filter: all keys that are there must match, each by one of its values. */
export interface FilterItem {
  /** Ids of creator organisations as decimal text, or their UUIDs in lower case. */
  readonly orgs?: readonly string[];
  /** MISP's attribute types, exactly. */
  readonly types?: readonly string[];
  /** Tag names in lower case; `*` is a wildcard. */
  readonly tags?: readonly string[];
}

/** What a filter decides about. An organisation that is not known yet matches nothing, but {@link Filter.couldMatch} lets it pass. */
export interface FilterSubject {
  readonly orgId?: number | undefined;
  /** Lower case. */
  readonly orgUuid?: string | undefined;
  readonly type: string;
  /** The attribute's own tags and its event's, local ones included. */
  readonly tags: readonly string[];
}

/** How one item of a filter answers. */
export interface ItemResult {
  readonly item: FilterItem;
  /** Its keys that do not match, in the order of types, orgs, tags; none: the item matches. */
  readonly failed: readonly (keyof FilterItem)[];
}

/** A whitelist, compiled once. */
export interface Filter {
  /** One of them must match. Empty: everything passes. */
  readonly items: readonly FilterItem[];
  matches(subject: FilterSubject): boolean;
  /** What each item says, for a person who asks why. `matches` is true when one of them fails on nothing, or there is none. */
  explain(subject: FilterSubject): readonly ItemResult[];
  /**
   * The static conditions alone: whether an attribute of this type and organisation could pass with the right tags, whatever
   * the part of the organisation that no message carried yet turns out to be.
   */
  couldMatch(subject: Omit<FilterSubject, "tags">): boolean;
  readonly usesTags: boolean;
  /** All types that some item admits; undefined when one admits any. */
  readonly types: readonly string[] | undefined;
}

interface CompiledItem {
  readonly orgs: ReadonlySet<string> | undefined;
  readonly namesOrgIds: boolean;
  readonly namesOrgUuids: boolean;
  readonly types: ReadonlySet<string> | undefined;
  matchesTags(tags: readonly string[]): boolean;
}

/** Makes a filter of items as the configuration means them; see `compileFilter` for reading them from it. */
export function createFilter(items: readonly FilterItem[]): Filter {
  const compiled = items.map(compileItem);
  const admitsAnyType = items.some((item) => item.types === undefined);
  return {
    items,
    matches(subject) {
      if (compiled.length === 0) return true;
      return compiled.some((item) => matchesStatic(item, subject, false) && item.matchesTags(subject.tags));
    },
    explain: (subject) => compiled.map((item, i) => ({ item: items[i] ?? {}, failed: failedKeys(item, subject) })),
    couldMatch: (subject) => compiled.length === 0 || compiled.some((item) => matchesStatic(item, subject, true)),
    usesTags: items.some((item) => item.tags !== undefined),
    types: items.length === 0 || admitsAnyType ? undefined : [...new Set(items.flatMap((item) => item.types ?? []))],
  };
}

function compileItem({ orgs, types, tags }: FilterItem): CompiledItem {
  const exact = new Set(tags?.filter((tag) => !tag.includes("*")));
  const wildcards = tags?.filter((tag) => tag.includes("*")) ?? [];
  return {
    orgs: orgs === undefined ? undefined : new Set(orgs),
    namesOrgIds: orgs?.some((org) => !org.includes("-")) ?? false,
    namesOrgUuids: orgs?.some((org) => org.includes("-")) ?? false,
    types: types === undefined ? undefined : new Set(types),
    matchesTags(names) {
      if (tags === undefined) return true;
      for (const name of names) {
        const lower = name.toLowerCase();
        if (exact.has(lower) || wildcards.some((wildcard) => matchesWildcard(wildcard, lower))) return true;
      }
      return false;
    },
  };
}

function failedKeys(item: CompiledItem, subject: FilterSubject): readonly (keyof FilterItem)[] {
  const failed: (keyof FilterItem)[] = [];
  if (!matchesType(item, subject)) failed.push("types");
  if (!matchesOrg(item, subject, false)) failed.push("orgs");
  if (!item.matchesTags(subject.tags)) failed.push("tags");
  return failed;
}

function matchesStatic(item: CompiledItem, subject: Omit<FilterSubject, "tags">, unknownOrgPasses: boolean): boolean {
  return matchesType(item, subject) && matchesOrg(item, subject, unknownOrgPasses);
}

function matchesType(item: CompiledItem, { type }: Pick<FilterSubject, "type">): boolean {
  return item.types === undefined || item.types.has(type);
}

function matchesOrg(
  item: CompiledItem,
  { orgId, orgUuid }: Pick<FilterSubject, "orgId" | "orgUuid">,
  unknownOrgPasses: boolean,
): boolean {
  if (item.orgs === undefined) return true;
  if (orgId !== undefined && item.orgs.has(String(orgId))) return true;
  if (orgUuid !== undefined && item.orgs.has(orgUuid)) return true;
  if (!unknownOrgPasses) return false;
  // A part that no message carried yet may still turn out to be the one that is named, if any of its kind is.
  return (item.namesOrgIds && orgId === undefined) || (item.namesOrgUuids && orgUuid === undefined);
}
