import { type Reader, unusable, usable } from "./reading.ts";
import { checkStixPattern } from "./stix-pattern-syntax.ts";

/** Whatever a reader of text files may take for the end of a line: Python's `splitlines` knows all of these. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const lineBreaks = /[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/;

/** `yara`, `sigma`: the rule as it is. */
export const readRule: Reader = (value) => usable(value);

/** `snort`: the rule as it is, on one line. The consumer appends it to a file: a second line would be a rule of its own. */
export const readRuleLine: Reader = (value) =>
  lineBreaks.test(value) ? unusable("expected a rule on one line") : usable(value);

/**
 * `suricata`: a rule on one line that only alerts, with exactly one `sid`.
 *
 * - Any other action (`drop`, `pass`, `reject`) would let whoever writes into MISP block or hide traffic.
 * - The consumer finds the rule to replace or remove by the regular expression `sid:\s?` + its sid, built outside its error
 *   handling (suricata-threatbus 2022.5.16, `update_suricata_rules`): a sid that is no number ends that app, and one behind
 *   more white space is never found again, so the rule would stay for ever.
 */
export const readSuricataRule: Reader = (value) => {
  if (lineBreaks.test(value)) return unusable("expected a rule on one line");
  if (!/^alert\s/.test(value)) return unusable('expected a rule whose action is "alert"');
  const sids = outsideQuotes(value).match(/[(;]\s*sid\s*:[^;]*/g) ?? [];
  const isFindable = sids.length === 1 && /^[(;]\s*sid:\s?[1-9]\d{0,9}$/.test(sids[0] ?? "");
  return isFindable ? usable(value) : unusable("expected exactly one sid, written sid:NUMBER;");
};

/** A rule without what stands in quotes: content, not options. */
function outsideQuotes(rule: string): string {
  let text = "";
  let isInside = false;
  for (const piece of rule.split(/(\\.|")/)) {
    if (piece === '"') isInside = !isInside;
    else if (!isInside) text += piece;
  }
  return text;
}

/**
 * `stix2-pattern`: the pattern as it is if every receiver takes it, in brackets where somebody left them out, and with
 * parentheses round comparisons that existing consumers would misread without them.
 */
export const readStixPattern: Reader = (value) => {
  const pattern = value.startsWith("[") || value.startsWith("(") ? value : `[${value}]`;
  const check = checkStixPattern(pattern);
  return check.ok ? usable(check.shielded) : unusable(`not a STIX pattern that can be used: ${check.detail}`);
};
