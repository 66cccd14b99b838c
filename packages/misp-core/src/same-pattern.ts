import type { Outdated } from "./index-entry.ts";

type Pattern = Pick<Outdated, "pattern" | "patternType">;

/** The same text may be a pattern of two languages. */
export function samePattern(a: Pattern, b: Pattern): boolean {
  return a.pattern === b.pattern && a.patternType === b.patternType;
}
