/** One token of a STIX pattern. Marks and operators are their own kind. */
export interface Token {
  readonly kind: "word" | "keyword" | "string" | "number" | "time" | "hex" | "binary" | "end" | Mark;
  readonly text: string;
  /** Where it begins in the pattern, in UTF-16 code units. */
  readonly start: number;
}

type Mark = "[" | "]" | "(" | ")" | ":" | "." | "," | "*" | "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=";

/** Words that are never names, in the OASIS grammar for STIX 2.1. */
const keywords: ReadonlySet<string> = new Set(
  (
    "AND OR NOT FOLLOWEDBY LIKE MATCHES ISSUPERSET ISSUBSET EXISTS LAST IN START STOP SECONDS " +
    "true false WITHIN REPEATS TIMES"
  ).split(" "),
);

/**
 * The kinds of token, in the order in which they are tried. White space is what every reader agrees on; comments, which the
 * grammar has too, are left out, since receivers that look at the first characters stumble over them.
 */
const forms: readonly (readonly [Token["kind"] | "space" | "mark", RegExp])[] = [
  ["space", /[ \t\r\n]+/y],
  ["time", /t'\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?Z'/y],
  ["hex", /h'(?:[0-9a-fA-F]{2})*'/y],
  ["binary", /b'(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)'/y],
  ["string", /'[^'\\]*(?:\\['\\][^'\\]*)*'/y],
  // What follows a number directly would be a token of its own: doubtful, so refused.
  ["number", /[+-]?(?:\d*\.\d+|0|[1-9]\d*)(?![\w.])/y],
  ["word", /[A-Za-z_][A-Za-z0-9_-]*/y],
  ["mark", /==|!=|<>|<=|>=|[[\]():.,*=<>]/y],
];

/** Cuts a pattern into tokens, the last of them `end`; or says where it cannot. */
export function tokenise(
  pattern: string,
): { readonly ok: true; readonly tokens: readonly Token[] } | { readonly ok: false; readonly at: number } {
  const tokens: Token[] = [];
  let at = 0;
  while (at < pattern.length) {
    const found = tokenAt(pattern, at);
    if (found === undefined) return { ok: false, at };
    if (found.token !== undefined) tokens.push(found.token);
    at = found.end;
  }
  tokens.push({ kind: "end", text: "", start: at });
  return { ok: true, tokens };
}

function tokenAt(pattern: string, at: number): { readonly token?: Token; readonly end: number } | undefined {
  for (const [kind, form] of forms) {
    form.lastIndex = at;
    const text = form.exec(pattern)?.[0];
    if (text === undefined) continue;
    const end = at + text.length;
    if (kind === "space") return { end };
    if (kind === "mark") return { token: { kind: text as Mark, text, start: at }, end };
    return { token: { kind: kind === "word" && keywords.has(text) ? "keyword" : kind, text, start: at }, end };
  }
  return undefined;
}
