import fc from "fast-check";

const md5 = "d41d8cd98f00b204e9800998ecf8427e";

const path: fc.Arbitrary<string> = fc.constantFrom(
  "file:name",
  "file:size",
  "file:hashes.MD5",
  "file:hashes.'SHA-256'",
  "file:hashes[*]",
  "file:hashes.MD5[0]",
  "file:x[-1].y",
  "file:x[*][1]",
  "file:extensions.'ntfs-ext'.sid",
  "file:a-b",
  "url:value",
  "ipv4-addr:value",
  "x-own : a . 'b c'",
  "x:'it\\'s'",
  "LIKE:a",
  "x:true",
);
const operator: fc.Arbitrary<string> = fc.constantFrom(
  ...[
    "=",
    "==",
    "!=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "LIKE",
    "MATCHES",
    "ISSUBSET",
    "ISSUPERSET",
    "IN",
    "like",
    "NOT",
    "==",
  ],
);
const literal: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...["'a'", "''", "'it\\'s'", "'\\\\'", "'\\n'", "'a\nb'", `'${md5}'`, "'/* */'", "'] AND ['", '"a"'],
    ...["1", "0", "-1", "+1", "01", "1.5", ".5", "5.", "1e5", "true", "false", "TRUE", "null"],
    ...["h'ff'", "h'f'", "b'aGk='", "b''", "t'2020-01-01T00:00:00Z'", "t'2020-13-01T00:00:00Z'", "t'x'"],
    ...["('a', 'b')", "()", "(1,)", `('${md5}')`],
  ),
  fc.string({ unit: "binary", maxLength: 6 }).map((text) => `'${text}'`),
);
const negation: fc.Arbitrary<string> = fc.constantFrom("", "", "", "NOT ");

/** A comparison that is mostly right. */
const comparison: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(path, negation, operator, literal).map(([a, not, b, c]) => `${a} ${not}${b} ${c}`) },
  { weight: 3, arbitrary: fc.constantFrom("file:name = 'a'", "file:size = 1", `file:hashes.MD5 = '${md5}'`) },
  { weight: 1, arbitrary: path.map((text) => `EXISTS ${text}`) },
  { weight: 1, arbitrary: path.map((text) => `NOT EXISTS ${text}`) },
);

function joined(item: fc.Arbitrary<string>, ...joints: readonly string[]): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(item, fc.constantFrom(...joints)), { minLength: 1, maxLength: 3 })
    .map((items) => items.map(([text, joint], index) => (index === 0 ? text : `${joint}${text}`)).join(""));
}

const comparisons: fc.Arbitrary<string> = joined(
  fc.oneof(
    { weight: 4, arbitrary: comparison },
    { weight: 1, arbitrary: joined(comparison, " OR ", "AND").map((text) => `(${text})`) },
  ),
  " AND ",
  " OR ",
);
const qualifier: fc.Arbitrary<string> = fc.constantFrom(
  ...[
    "",
    "",
    "",
    " WITHIN 5 SECONDS",
    " WITHIN 1.5 SECONDS",
    " WITHIN 0 SECONDS",
    " REPEATS 2 TIMES",
    " REPEATS 2.5 TIMES",
  ],
  ...[
    " START t'2020-01-01T00:00:00Z' STOP t'2020-01-02T00:00:00Z'",
    " WITHIN 5 HOURS",
    " REPEATS 2 TIMES REPEATS 2 TIMES",
  ],
);
const observation: fc.Arbitrary<string> = fc.tuple(comparisons, qualifier).map(([text, end]) => `[${text}]${end}`);

/** STIX patterns, right and nearly right, from the corners of the grammar. */
export const arbitraryStixPattern: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: observation },
  { weight: 2, arbitrary: joined(observation, " AND ", " OR ", " FOLLOWEDBY ", " ") },
  { weight: 1, arbitrary: joined(observation, " AND ").map((text) => `(${text})`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(observation, fc.constantFrom("(", ")", "]", "/* */", "// x\n", "\n", "\u00a0", "["))
      .map((p) => p.join("")),
  },
  { weight: 1, arbitrary: observation.map((text) => `((${text}))`) },
);
