import { unescapeLiteral } from "./escape.ts";
import { hashProblem, type PathStep } from "./stix-pattern-hashes.ts";
import { type Token, tokenise } from "./stix-pattern-tokens.ts";

const equalities = ["=", "==", "!=", "<>"] as const;
const orders = ["<", "<=", ">", ">="] as const;
const stringTests: ReadonlySet<string> = new Set(["LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"]);

/** What {@link checkStixPattern} found. `shielded` is the pattern as it may be emitted. */
export type StixPatternCheck =
  | { readonly ok: true; readonly shielded: string }
  | { readonly ok: false; readonly detail: string };

/** Longer patterns are refused: nobody writes them by hand. */
const maxLength = 65_536;
/** python-stix2 parses recursively: 300 parentheses or 1,000 comparisons end it with RecursionError (measured). */
const maxDepth = 16;
const maxTerms = 200;

/**
 * Checks a STIX 2.1 pattern against the part of the grammar that every known receiver takes, and refuses what is doubtful:
 * comments, more than one parenthesis before the first bracket (stix2-patterns 1.3.0, which Threat Bus installs, refuses
 * them), negative list positions (stix2-patterns crashes), `NOT EXISTS`, comparisons of different object types joined by AND
 * (they can match nothing), repeated or empty qualifiers, hashes of a wrong length, and sizes that end a recursive reader.
 *
 * `shielded`: comparisons that stand bare beside each other in one observation get parentheses round them. Existing Threat Bus
 * apps cut a pattern at its first `=`, so that `[file:name = 'a' AND …]` reaches Zeek as a file name with all the rest in it;
 * with the parentheses, which change no meaning, they skip it.
 */
export function checkStixPattern(pattern: string): StixPatternCheck {
  if (pattern.length > maxLength) return { ok: false, detail: `longer than ${maxLength} characters` };
  const cut = tokenise(pattern);
  if (!cut.ok) return { ok: false, detail: `unexpected text at position ${cut.at}` };
  const { tokens } = cut;
  if (tokens[0]?.kind === "(" && tokens[1]?.kind !== "[") return { ok: false, detail: "it must begin with [ or ([" };
  try {
    return { ok: true, shielded: shield(pattern, parse(tokens)) };
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, detail: error.message };
    throw error;
  }
}

/** Where bare comparisons begin and end. */
type Span = readonly [start: number, end: number];

function shield(pattern: string, bare: readonly Span[]): string {
  let text = "";
  let done = 0;
  for (const [start, end] of bare) {
    text += `${pattern.slice(done, start)}(${pattern.slice(start, end)})`;
    done = end;
  }
  return text + pattern.slice(done);
}

/** Recursive descent; throws SyntaxError. Gives the spans of comparisons to be put in parentheses, in order. */
function parse(tokens: readonly Token[]): readonly Span[] {
  let position = 0;
  let depth = 0;
  /** Observations, comparisons and members of sets. */
  let terms = 0;
  let comparisonCount = 0;
  const bare: Span[] = [];

  const peek = (): Token => tokens[position] as Token;
  const fail = (expected: string): never => {
    const { text, start } = peek();
    throw new SyntaxError(
      `expected ${expected} at position ${start}${text === "" ? "" : `, found ${text.slice(0, 20)}`}`,
    );
  };
  const isAt = (text: string): boolean => peek().text === text && peek().kind !== "string";
  const accept = (text: string): boolean => {
    if (!isAt(text)) return false;
    position += 1;
    return true;
  };
  const expect = (text: string): void => {
    if (!accept(text)) fail(text);
  };
  const take = (expected: string, ...kinds: readonly Token["kind"][]): Token => {
    const token = peek();
    if (!kinds.includes(token.kind)) fail(expected);
    position += 1;
    return token;
  };
  const count = (): void => {
    terms += 1;
    if (terms > maxTerms) fail(`at most ${maxTerms} terms`);
  };
  const nested = <T>(inner: () => T): T => {
    depth += 1;
    if (depth > maxDepth) fail(`at most ${maxDepth} parentheses in each other`);
    const result = inner();
    expect(")");
    depth -= 1;
    return result;
  };

  const observations = (): void => {
    do observation();
    while (accept("AND") || accept("OR") || accept("FOLLOWEDBY"));
  };

  const observation = (): void => {
    count();
    if (accept("(")) nested(observations);
    else {
      expect("[");
      const start = peek().start;
      const parenthesised = isAt("(");
      const before = comparisonCount;
      comparisons();
      const end = tokens[position - 1] as Token;
      if (comparisonCount - before > 1 && !parenthesised) bare.push([start, end.start + end.text.length]);
      expect("]");
    }
    qualifiers();
  };

  const qualifiers = (): void => {
    const seen = new Set<string>();
    for (let { text } = peek(); isAt("START") || isAt("WITHIN") || isAt("REPEATS"); { text } = peek()) {
      if (seen.has(text)) fail(`${text} only once`);
      seen.add(text);
      position += 1;
      if (text === "START") {
        take("a timestamp", "time");
        expect("STOP");
        take("a timestamp", "time");
      } else positive(text === "REPEATS");
      if (text === "WITHIN") expect("SECONDS");
      if (text === "REPEATS") expect("TIMES");
    }
  };

  const positive = (whole: boolean): void => {
    const { text } = peek();
    if (!(Number(text) > 0) || (whole && text.includes("."))) fail("a number above zero");
    take("a number above zero", "number");
  };

  /** The object types that all comparisons agree on. */
  const comparisons = (): ReadonlySet<string> => {
    const types = new Set<string>();
    do for (const type of conjunction()) types.add(type);
    while (accept("OR"));
    return types;
  };

  const conjunction = (): ReadonlySet<string> => {
    let types = comparison();
    while (accept("AND")) {
      const others = comparison();
      types = new Set([...types].filter((type) => others.has(type)));
      if (types.size === 0) fail("comparisons of the same object type on both sides of AND");
    }
    return types;
  };

  const comparison = (): ReadonlySet<string> => {
    if (accept("(")) return nested(comparisons);
    count();
    comparisonCount += 1;
    if (accept("EXISTS")) return new Set([objectPath().type]);
    const { type, path } = objectPath();
    const problem = hashProblem(path, test());
    if (problem !== undefined) fail(problem);
    return new Set([type]);
  };

  const objectPath = (): { readonly type: string; readonly path: readonly PathStep[] } => {
    const type = take("an object type", "word").text;
    expect(":");
    const path: PathStep[] = [{ property: property() }];
    for (;;) {
      if (accept(".")) path.push({ property: property() });
      else if (isAt("[") && "property" in (path.at(-1) ?? {})) path.push({ position: listPosition() });
      else return { type, path };
      if (path.length > maxDepth) fail(`at most ${maxDepth} steps in a path`);
    }
  };

  const property = (): string => {
    const { kind, text } = take("a property name", "word", "string");
    if (kind === "word" && text.includes("-")) fail(`quotes round ${text}`);
    return kind === "string" ? unescapeLiteral(text.slice(1, -1)) : text;
  };

  const listPosition = (): string => {
    expect("[");
    const { text } = take("a list position or *", "number", "*");
    if (text !== "*" && !/^\d+$/.test(text)) fail("a list position or *");
    expect("]");
    return text;
  };

  /** Operator and operand; gives the operand if it is one string. */
  const test = (): string | undefined => {
    accept("NOT");
    const operator = take("an operator", ...equalities, ...orders, "keyword");
    if (stringTests.has(operator.text)) return stringOf(take("a string", "string"));
    if (operator.text === "IN") {
      set();
      return undefined;
    }
    if (operator.kind === "keyword") fail(`an operator instead of ${operator.text}`);
    const isEquality = (equalities as readonly string[]).includes(operator.kind);
    return stringOf(isEquality ? primitive() : ordered());
  };

  const set = (): void => {
    expect("(");
    do {
      count();
      primitive();
    } while (accept(","));
    expect(")");
  };

  const primitive = (): Token => (isAt("true") || isAt("false") ? take("a truth value", "keyword") : ordered());
  const ordered = (): Token => take("a literal", "string", "number", "time", "hex", "binary");
  const stringOf = ({ kind, text }: Token): string | undefined =>
    kind === "string" ? unescapeLiteral(text.slice(1, -1)) : undefined;

  observations();
  take("the end", "end");
  return bare;
}
