import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Report } from "./report.ts";
import type { ConfigPath } from "./tree.ts";

/** What a file holds that the configuration names; undefined, and reported at `place`, when it cannot be read, or is empty and may not be. */
export function readNamedFile(
  file: string,
  options: {
    readonly place: ConfigPath;
    readonly folder: string;
    readonly report: Report;
    readonly mayBeEmpty?: boolean;
  },
): string | undefined {
  const { place, folder, report, mayBeEmpty = false } = options;
  const from = resolve(folder, file);
  let content: string;
  try {
    content = readFileSync(from, "utf8");
  } catch (error) {
    report.problem(place, `${from} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
    return undefined;
  }
  if (!mayBeEmpty && /^[\r\n]*$/.test(content)) {
    report.problem(place, `${from} is empty`);
    return undefined;
  }
  return content;
}
