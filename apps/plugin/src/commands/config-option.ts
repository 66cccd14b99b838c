import { createRedact } from "@tb/misp-core";
import { loadConfig } from "../config/load.ts";
import { formatProblems } from "../config/problem.ts";
import type { Config } from "../config/schema.ts";

/** The option that every command has. */
export const configOption = {
  config: {
    type: "string",
    alias: "c",
    valueHint: "FILE",
    description: "Configuration file (default: config.yaml or config.yml here)",
  },
} as const;

/** A configuration that can be used, with its warnings; undefined, and told on standard error, when it cannot. */
export function loadOrExplain(file: string | undefined):
  | {
      readonly config: Config;
      readonly warnings: readonly string[];
      readonly file: string;
      redact(text: string): string;
    }
  | undefined {
  const loaded = loadConfig({
    ...(file === undefined ? {} : { file }),
    environment: process.env,
    workingDirectory: process.cwd(),
  });
  if (loaded.ok) return { ...loaded, redact: createRedact(loaded.config.secrets) };
  process.stderr.write(`${formatProblems(loaded.problems)}\n`);
  return undefined;
}
