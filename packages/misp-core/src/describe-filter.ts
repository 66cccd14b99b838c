import type { Filter, FilterItem } from "./filter.ts";

/** The filter as an expression: `(org 1 OR org 25) AND (type domain OR type url)`; `everything` when nothing is held back. */
export function describeFilter({ items }: Pick<Filter, "items">): string {
  const described = items.map(describeItem);
  if (described.length === 0 || described.includes(undefined)) return "everything";
  if (described.length === 1) return described[0] ?? "";
  return described.map((item) => (item?.includes(" AND ") ? `(${item})` : item)).join(" OR ");
}

function describeItem({ orgs, types, tags }: FilterItem): string | undefined {
  const parts = [alternatives("org", orgs), alternatives("type", types), alternatives("tag", tags)].filter(
    (part) => part !== undefined,
  );
  if (parts.length === 0) return undefined;
  if (parts.length === 1) return parts[0];
  return parts.map((part) => (part.includes(" OR ") ? `(${part})` : part)).join(" AND ");
}

function alternatives(word: string, values: readonly string[] | undefined): string | undefined {
  return values?.map((value) => `${word} ${value}`).join(" OR ");
}
