import { nearestWord } from "@tb/misp-core";
import type { z } from "zod";
import type { ConfigPath } from "./tree.ts";

/** Something wrong in the configuration: what, where, and what to write instead. */
export interface ConfigProblem {
  /** `config.yaml:7`, or the environment variable. */
  readonly where: string;
  /** Dotted; empty for the file as a whole. */
  readonly path: string;
  /** What was expected and what is there. */
  readonly message: string;
  readonly suggestion?: string;
}

/** One problem per line, as compilers write them, so that editors can jump to it. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ where, path, message, suggestion }) => {
      const place = path === "" ? where : `${where}: ${path}`;
      return `${place}: ${message}${suggestion === undefined ? "" : `; ${suggestion}`}`;
    })
    .join("\n");
}

/** `plugins.apps.misp.filter[0].types` */
export function dotted(path: ConfigPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

/** Enough to recognise a value by. */
const maxShown = 80;

/** What a value is, in words; texts in quotes, without what may be user information of a URL, which ends at an `@`. */
function describeValue(value: unknown, isShown: boolean): string {
  if (value === undefined) return "nothing";
  if (value === null) return "nothing (the key is there, without a value)";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (value === "") return '""';
  if (typeof value !== "string") return String(value);
  if (!isShown) return "a text";
  const shown = value.replace(/^[\s\S]*@/, "***@");
  return JSON.stringify(shown.length > maxShown ? `${shown.slice(0, maxShown)}…` : shown);
}

const kinds: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
};

/**
 * What zod says, in our words: one problem, or one for each unknown key. A text where a mapping belongs is not shown: it may hold
 * a secret.
 */
export function explainIssue(
  issue: z.core.$ZodIssue,
  value: unknown,
  knownKeys: readonly string[],
): readonly { readonly path: ConfigPath; readonly message: string; readonly suggestion?: string }[] {
  const path = issue.path as ConfigPath;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const near = nearestWord(key, knownKeys);
      return {
        path: [...path, key],
        message: `unknown key "${key}"`,
        suggestion: near === undefined ? `known are: ${knownKeys.join(", ")}` : `did you mean "${near}"?`,
      };
    });
  }
  const expected = expectation(issue);
  const belongsMapping = issue.code === "invalid_type" && kinds[issue.expected] === "a mapping";
  const got = `got ${describeValue(value, !belongsMapping)}`;
  if (issue.code === "invalid_value" && typeof value === "string") {
    const near = nearestWord(value, issue.values.map(String));
    return [
      {
        path,
        message: `${expected}, ${got}`,
        ...(near === undefined ? {} : { suggestion: `did you mean "${near}"?` }),
      },
    ];
  }
  return [{ path, message: `${expected}, ${got}` }];
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${kinds[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${issue.values.length === 1 ? "" : "one of "}${issue.values.join(", ")}`;
    case "too_small":
      return issue.origin === "string" || issue.origin === "array"
        ? "expected something that is not empty"
        : `expected a number ${issue.inclusive ? "of at least" : "above"} ${issue.minimum}`;
    case "too_big":
      return `expected a number of at most ${issue.maximum}`;
    default:
      return issue.message.startsWith("expected") ? issue.message : `expected something else (${issue.message})`;
  }
}
