/** What people write to keep a link from being clicked, and what MISP's server makes of it on save, in its order. */
const rewrites = {
  scheme: [/^(?:hxxp|hxtp|htxp|meow|h\[tt\]p)/i, "http"],
  dot: [/\[\.\]|\[dot\]|\(dot\)/g, "."],
  bracketedScheme: [/\[hxxp:\/\/\]/g, "http://"],
  at: [/\[@\]|\[at\]/g, "@"],
  colon: [/\[:\]/g, ":"],
} as const satisfies Record<string, readonly [RegExp, string]>;

/** A kind of value, as far as refanging goes. */
export type RefangedKind = "host" | "email" | "url";

/** Which rewrites MISP's server applies to a value of this kind. */
const kinds: Readonly<Record<RefangedKind, readonly (readonly [RegExp, string])[]>> = {
  /** `ip-src`, `ip-dst`, `domain`, `domain|ip`, `hostname`; not `ip-…|port`, not `hostname|port`. */
  host: [rewrites.dot],
  /** `email`, `email-src`, `email-dst`. */
  email: [rewrites.dot, rewrites.at],
  /** `url`, `link`; not `uri`. */
  url: [rewrites.scheme, rewrites.dot, rewrites.bracketedScheme, rewrites.colon],
};

/**
 * Undoes defanging as MISP's server does on save. The server passes once, so that `[[.]]` is stored as `[.]`; here it goes on
 * until nothing changes, so that a raw value and the stored one read the same. Undefined: still changing after three passes,
 * which no person writes, and which would take quadratic time.
 */
export function refang(value: string, kind: RefangedKind): string | undefined {
  let current = value;
  for (let pass = 0; pass < 4; pass += 1) {
    let next = current;
    for (const [from, to] of kinds[kind]) next = next.replace(from, to);
    if (next === current) return current;
    current = next;
  }
  return undefined;
}
