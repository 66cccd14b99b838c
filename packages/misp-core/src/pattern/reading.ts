/**
 * A value as MISP's server would store it, split into the parts that a pattern wants, or why it cannot be used.
 * The texts are not escaped yet; joined by `|` they are a value of the same type that reads the same.
 */
export type Reading =
  | {
      readonly ok: true;
      readonly parts: readonly string[];
      /** The STIX type of the address among the parts, if there is one. */
      readonly ipType?: "ipv4-addr" | "ipv6-addr";
    }
  | { readonly ok: false; readonly detail: string };

/** Reads one value; it comes trimmed, not empty, well-formed and without NUL. */
export type Reader = (value: string) => Reading;

export function usable(...parts: string[]): Reading {
  return { ok: true, parts };
}

/** `detail` says what was expected, never the value: that can be long, and secret. */
export function unusable(detail: string): Reading {
  return { ok: false, detail };
}

/** Without the white space that MISP's server trims (PHP's `trim`; a NUL at the end is refused here, not trimmed). */
export function trim(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isTrimmed(value.charCodeAt(start))) start += 1;
  while (end > start && isTrimmed(value.charCodeAt(end - 1))) end -= 1;
  return value.slice(start, end);
}

function isTrimmed(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0c);
}

/** Lower case as MISP's server does it: the 26 ASCII letters only (PHP 8's `strtolower`). */
export function lowerCase(value: string): string {
  return value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The two halves of a composite value, or undefined: MISP wants exactly one `|`, and an empty half means nothing to match. */
export function halves(value: string): readonly [string, string] | undefined {
  const bar = value.indexOf("|");
  if (bar === -1 || value.indexOf("|", bar + 1) !== -1) return undefined;
  const first = trim(value.slice(0, bar));
  const second = trim(value.slice(bar + 1));
  return first === "" || second === "" ? undefined : [first, second];
}

/** What {@link halves} undefined means, for a person. */
export const notTwoHalves = "expected two parts that are not empty, with one | between them";
