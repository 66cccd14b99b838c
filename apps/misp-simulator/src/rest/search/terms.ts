import { isRecord } from "../request.ts";

/** A search value, taken apart. */
export interface Terms {
  /** One of them, unless there are none. */
  readonly or: readonly string[];
  readonly and: readonly string[];
  readonly not: readonly string[];
}

/** PHP's `empty`: what MISP takes for "this filter was not given". So an empty list is no filter: everything comes back. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "" || value === 0 || value === "0")
    return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

function listOf(value: unknown): string[] {
  if (isEmpty(value)) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** `a`, `a||b`, `a&&!b`, `["a", "!b"]` or `{"OR": […], "AND": […], "NOT": […]}`; undefined: no filter. */
export function parseTerms(value: unknown): Terms | undefined {
  if (isEmpty(value)) return undefined;
  if (isRecord(value)) {
    return { or: listOf(value["OR"]), and: listOf(value["AND"]), not: listOf(value["NOT"]) };
  }
  const or: string[] = [];
  const and: string[] = [];
  const not: string[] = [];
  for (const item of listOf(value)) {
    const conjunction = item.split("&&");
    for (const part of conjunction.flatMap((text) => text.split("||"))) {
      if (part.startsWith("!")) not.push(part.slice(1));
      else (conjunction.length > 1 ? and : or).push(part);
    }
  }
  return { or, and, not };
}

/** Does a row pass, when `has` says whether it has a value. */
export function passes(terms: Terms | undefined, has: (term: string) => boolean): boolean {
  if (terms === undefined) return true;
  if (terms.or.length > 0 && !terms.or.some(has)) return false;
  return terms.and.every(has) && !terms.not.some(has);
}

/** {@link passes} for values that are compared as they are; long lists of ids and uuids are why it has sets. */
export function exactly(terms: Terms | undefined): (...values: string[]) => boolean {
  if (terms === undefined) return () => true;
  const [or, not] = [new Set(terms.or), new Set(terms.not)];
  return (...values) => {
    if (or.size > 0 && !values.some((value) => or.has(value))) return false;
    return !values.some((value) => not.has(value)) && terms.and.every((term) => values.includes(term));
  };
}

/** SQL's LIKE with `%` at either end of a term; the rest is compared as it is. */
export function like(value: string, term: string): boolean {
  const [open, close] = [term.startsWith("%"), term.length > 1 && term.endsWith("%")];
  const text = term.slice(open ? 1 : 0, close ? -1 : undefined);
  if (open && close) return value.includes(text);
  if (open) return value.endsWith(text);
  return close ? value.startsWith(text) : value === text;
}
