import { describe, expect, it } from "vitest";
import { z } from "zod";
import { dotted, explainIssue, formatProblems } from "./problem.ts";

const schema = z.strictObject({
  text: z.string().min(1),
  whole: z.int().min(5),
  truth: z.boolean(),
  list: z.array(z.string()),
  mapping: z.strictObject({}),
  word: z.enum(["left", "right"]),
});
const good = { text: "x", whole: 5, truth: true, list: [], mapping: {}, word: "left" };

/** What is said about one wrong key. */
function explain(key: string, value: unknown): string {
  const result = schema.safeParse({ ...good, [key]: value });
  if (result.success) throw new Error("parsed");
  const [issue] = result.error.issues;
  if (issue === undefined) throw new Error("no issue");
  return explainIssue(issue, value, Object.keys(schema.shape))
    .map(({ message, suggestion }) => (suggestion === undefined ? message : `${message}; ${suggestion}`))
    .join("\n");
}

describe("what is expected and what is there", () => {
  it.each<[string, unknown, string]>([
    ["text", 5, "expected a text, got 5"],
    ["text", "", 'expected something that is not empty, got ""'],
    ["text", null, "expected a text, got nothing (the key is there, without a value)"],
    ["text", undefined, "expected a text, got nothing"],
    ["text", ["a"], "expected a text, got a list"],
    ["whole", 1, "expected a number of at least 5, got 1"],
    ["whole", 5.5, "expected a whole number, got 5.5"],
    ["truth", "yes", 'expected true or false, got "yes"'],
    ["truth", "x".repeat(200), `expected true or false, got "${"x".repeat(80)}…"`],
    ["truth", "\u001b[2J", 'expected true or false, got "\\u001b[2J"'],
    ["list", {}, "expected a list, got a mapping"],
    ["mapping", "anything", "expected a mapping, got a text"],
    ["word", "rihgt", 'expected one of left, right, got "rihgt"; did you mean "right"?'],
    ["word", "up", 'expected one of left, right, got "up"'],
    ["txet", 1, 'unknown key "txet"; did you mean "text"?'],
    ["other", 1, 'unknown key "other"; known are: text, whole, truth, list, mapping, word'],
  ])("%s: %j", (key, value, expected) => {
    expect(explain(key, value)).toBe(expected);
  });

  it("shows no user information", () => {
    expect(explain("truth", "https://u:a@b/c@misp.example")).toBe('expected true or false, got "***@misp.example"');
  });
});

it("a problem is one line that an editor can jump to", () => {
  const path = dotted(["plugins", "filter", 0, "types", 2]);
  expect(path).toBe("plugins.filter[0].types[2]");
  expect(
    formatProblems([
      { where: "config.yaml:7", path, message: "is wrong", suggestion: "mend it" },
      { where: "config.yaml:9", path: "", message: "is wrong too" },
    ]),
  ).toBe("config.yaml:7: plugins.filter[0].types[2]: is wrong; mend it\nconfig.yaml:9: is wrong too");
});
