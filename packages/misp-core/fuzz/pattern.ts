import fc from "fast-check";
import { toPattern } from "../src/pattern/pattern.ts";
import { checkStixPattern } from "../src/pattern/stix-pattern-syntax.ts";
import { arbitraryAttribute } from "../test/arbitrary-attribute.ts";
import { arbitraryStixPattern } from "../test/arbitrary-stix-pattern.ts";

// node --import tsx --conditions=@tb/source packages/misp-core/fuzz/pattern.ts [COUNT] [SEED]
// Throws attributes and STIX patterns at toPattern: it must not throw, and what it emits must pass the syntax check unchanged.
const count = positive(process.argv[2], 1_000_000);
const seed = positive(process.argv[3], Date.now() % 2 ** 31);

const outcomes = new Map<string, number>();

function check(type: string, value: string): void {
  const result = toPattern(type, value);
  const outcome = result.ok ? `emitted as ${result.patternType}` : `refused: ${result.reason}`;
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  if (!result.ok || result.patternType !== "stix") return;
  const syntax = checkStixPattern(result.pattern);
  if (!syntax.ok) throw new Error(`${syntax.detail}: ${result.pattern}`);
  if (syntax.shielded !== result.pattern) throw new Error(`comparisons without parentheses: ${result.pattern}`);
}

function positive(text: string | undefined, otherwise: number): number {
  const number = Number(text ?? otherwise);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`expected a whole number above zero, got ${text}`);
}

process.stdout.write(`pattern: ${count} values, seed ${seed}\n`);
const attributes = fc.property(arbitraryAttribute, ([type, value]) => check(type, value));
const patterns = fc.property(arbitraryStixPattern, (pattern) => check("stix2-pattern", pattern));
fc.assert(attributes, { numRuns: Math.ceil(count * 0.9), seed });
fc.assert(patterns, { numRuns: Math.ceil(count * 0.1), seed });
for (const [outcome, number] of [...outcomes].sort()) process.stdout.write(`  ${number} ${outcome}\n`);
