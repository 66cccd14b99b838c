/**
 * How an installation writes numbers and booleans. MISP's database layer usually hands out strings for numbers, but not
 * everywhere, and older versions write booleans as `1` or `"1"`.
 */
export interface Drift {
  /** @default "strings" */
  readonly numbers?: "strings" | "integers";
  /** @default "booleans" */
  readonly booleans?: "booleans" | "integers" | "strings";
}

/** Writes values as one installation does. */
export interface Wire {
  /** Ids, timestamps, counts and enumerations. */
  number(value: number): string | number;
  flag(value: boolean): boolean | string | number;
}

/** A JSON object under construction. The order of its keys is MISP's and is part of what the recordings pin. */
export type Json = Record<string, unknown>;

/** The writer for a kind of installation. */
export function createWire(drift: Drift): Wire {
  const booleans = drift.booleans ?? "booleans";
  return {
    number: drift.numbers === "integers" ? (value) => value : (value) => String(value),
    flag(value) {
      if (booleans === "booleans") return value;
      return booleans === "integers" ? Number(value) : String(Number(value));
    },
  };
}
