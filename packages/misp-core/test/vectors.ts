import { readFileSync } from "node:fs";

/** One attribute, what MISP makes of it, and the pattern it is to have. */
export interface Vector {
  readonly id: string;
  readonly type: string;
  readonly value: string;
  /** Whether a MISP server takes this type and value. */
  readonly accepted: boolean;
  /** What it would then publish, where that is known. */
  readonly stored?: string;
  /** For the stored value, if MISP accepts it; null: no indicator. */
  readonly pattern: string | null;
  readonly patternType: string | null;
}

interface RecordedCase {
  readonly id: string;
  readonly attribute: { readonly type?: unknown; readonly value?: unknown };
  readonly misp_accepts: boolean;
  readonly misp_stores: unknown;
  readonly expected: { readonly pattern: string | null; readonly pattern_type?: string | null };
}

// Not an import: one value holds half a surrogate pair, which the test runner's JSON plugin refuses to read.
const path = new URL("../src/pattern/__fixtures__/stix-cases.json", import.meta.url);
const recorded = (JSON.parse(readFileSync(path, "utf8")) as { readonly cases: readonly RecordedCase[] }).cases;

/** The recorded cases that have a type and a value. */
export const vectors: readonly Vector[] = recorded.flatMap(({ id, attribute: { type, value }, ...rest }) =>
  typeof type === "string" && typeof value === "string"
    ? [
        {
          id,
          type,
          value,
          accepted: rest.misp_accepts,
          ...(typeof rest.misp_stores === "string" ? { stored: rest.misp_stores } : {}),
          pattern: rest.expected.pattern,
          patternType: rest.expected.pattern_type ?? null,
        },
      ]
    : [],
);

/** The ids of those that have not: they are for decode to refuse. */
export const malformedVectors: readonly string[] = recorded
  .map(({ id }) => id)
  .filter((id) => !vectors.some((vector) => vector.id === id));
