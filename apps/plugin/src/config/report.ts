import { type ConfigProblem, dotted } from "./problem.ts";
import type { ConfigPath } from "./tree.ts";

/** Where something stands. */
export interface Place {
  /** `config.yaml:7`, or the environment variable that sets it. */
  readonly where: string;
  /** 0 for what is in no file. */
  readonly line: number;
}

/** Collects what a load finds wrong and doubtful: everything is told at once. */
export interface Report {
  problem(path: ConfigPath, message: string, suggestion?: string): void;
  warn(path: ConfigPath, message: string): void;
  /** In the order of the file. */
  problems(): readonly ConfigProblem[];
  /** In the order of the file. */
  warnings(): readonly string[];
}

export function createReport(placeOf: (path: ConfigPath) => Place): Report {
  const problems: { readonly line: number; readonly told: ConfigProblem }[] = [];
  const warnings: { readonly line: number; readonly told: string }[] = [];
  return {
    problem(path, message, suggestion) {
      const { where, line } = placeOf(path);
      const told = { where, path: dotted(path), message, ...(suggestion === undefined ? {} : { suggestion }) };
      problems.push({ line, told });
    },
    warn(path, message) {
      const { where, line } = placeOf(path);
      warnings.push({ line, told: `${where}: ${dotted(path)}: ${message}` });
    },
    problems: () => inOrder(problems),
    warnings: () => inOrder(warnings),
  };
}

function inOrder<Told>(found: readonly { readonly line: number; readonly told: Told }[]): readonly Told[] {
  return found.toSorted((a, b) => a.line - b.line).map(({ told }) => told);
}
