import { MispApiError } from "./misp-api-error.ts";
import { type MispApiOptions, toSettings } from "./options.ts";

/** What is wrong with an option. */
export interface MispApiOptionProblem {
  readonly option: keyof MispApiOptions;
  /** Never quotes a secret. */
  readonly detail: string;
}

/** Options that are looked at together; the first that is there is to blame. */
const groups = [
  ["host"],
  ["key"],
  ["ca"],
  ["clientCert", "clientKey"],
  ["proxy", "environment"],
  ["timeoutMs"],
  ["maxResponseBytes"],
  ["maxConnections"],
] as const satisfies readonly (readonly (keyof MispApiOptions)[])[];

const harmless = { host: "https://misp.example", key: "none" };

/**
 * Everything that is wrong with options, for a program that wants to say all of it before it opens anything: `createMispApi`
 * throws for the first. What is not there is not looked at.
 */
export function checkMispApiOptions(options: Partial<MispApiOptions>): readonly MispApiOptionProblem[] {
  const problems: MispApiOptionProblem[] = [];
  const check = (option: keyof MispApiOptions, part: Partial<MispApiOptions>) => {
    try {
      toSettings({ ...harmless, ...part });
      return true;
    } catch (error) {
      if (!(error instanceof MispApiError)) throw error;
      problems.push({ option, detail: error.message.replace(/ \(invalid-options\)$/, "") });
      return false;
    }
  };
  let host: Pick<MispApiOptions, "host"> = harmless;
  for (const group of groups) {
    const there = group.filter((name) => options[name] !== undefined);
    const [first] = there;
    if (first === undefined) continue;
    const part: Partial<MispApiOptions> = Object.fromEntries(there.map((name) => [name, options[name]]));
    // Which variable names a proxy, and whether one is wanted at all, depends on the host.
    const isRight = check(first, { ...host, ...part });
    if (first === "host" && isRight) host = { ...host, ...part };
  }
  return problems;
}
