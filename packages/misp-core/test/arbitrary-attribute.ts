import fc from "fast-check";
import { isMappedType, mispTypes } from "../src/pattern/pattern.ts";
import { vectors } from "./vectors.ts";

/** What breaks parsers: quotes, escapes, separators of every format that a value passes through, and Unicode's corners. */
const hostileFragments = [
  ..."'\\\"|:/.@[]()% \t\r\n\0",
  "\\'",
  "''",
  "'] OR [file:name = '",
  "' AND file:name = 'x",
  "\\x41",
  "[.]",
  "[[.]]",
  "(dot)",
  "hxxp",
  "||",
  "/32",
  "/129",
  "::",
  ":80",
  "$&",
  "{0}",
  "{iptype}",
  "\u0085",
  "\u00a0",
  "\u2028",
  "\ud800",
  "\udc00",
  "\u{1f600}",
  "ß",
  "İ",
  "１",
  "。",
  "xn--",
  "__proto__",
  "0".repeat(40),
  "a".repeat(300),
];

const samples = new Map<string, string[]>();
for (const { type, value } of vectors) samples.set(type, [...(samples.get(type) ?? []), value]);

const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom(...hostileFragments), { maxLength: 12 }).map((fragments) => fragments.join("")),
);

/** A value that looks like one of the type, changed in up to three places. */
function nearlyUsable(type: string): fc.Arbitrary<string> {
  const known = samples.get(type) ?? ["sample"];
  const edit = fc.record({
    at: fc.nat(1000),
    drop: fc.nat(2),
    insert: fc.oneof(fc.constantFrom("", ...hostileFragments), fc.string({ unit: "binary", maxLength: 3 })),
  });
  return fc
    .tuple(fc.constantFrom(...known), fc.array(edit, { maxLength: 3 }), fc.boolean())
    .map(([value, edits, upper]) => {
      let changed = upper ? value.toUpperCase() : value;
      for (const { at, drop, insert } of edits) {
        const position = at % (changed.length + 1);
        changed = changed.slice(0, position) + insert + changed.slice(position + drop);
      }
      return changed;
    });
}

/** A type, mostly one of MISP's, with a value that is usable, nearly so, or anything. Strings may be ill-formed Unicode. */
export const arbitraryAttribute: fc.Arbitrary<readonly [type: string, value: string]> = fc.oneof(
  { weight: 8, arbitrary: knownType().chain((type) => fc.tuple(fc.constant(type), nearlyUsable(type))) },
  { weight: 2, arbitrary: fc.tuple(knownType(), hostileText) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString", "ip")),
      hostileText,
    ),
  },
);

function knownType(): fc.Arbitrary<string> {
  const mapped = fc.constantFrom(...mispTypes.filter(isMappedType));
  return fc.oneof({ weight: 9, arbitrary: mapped }, { weight: 1, arbitrary: fc.constantFrom(...mispTypes) });
}
