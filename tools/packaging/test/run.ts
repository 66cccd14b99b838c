import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./published.ts";

const execute = promisify(execFile);

/** Runs a command to its end, with a plain environment; gives its standard output, or throws with all that it said. */
export async function run(
  command: string,
  parameters: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const { cwd = root, env = {} } = options;
  try {
    const { stdout } = await execute(command, parameters, {
      cwd,
      env: { ...plainEnv(), ...env },
      maxBuffer: 1 << 26,
    });
    return stdout;
  } catch (error) {
    // What went wrong, such as a type error in a build, is on standard output.
    throw new Error(`${error}\n${(error as { stdout?: string }).stdout}`);
  }
}

/** The pnpm that the repository names, as anybody starts it who has only Node. */
export const packageManager = async (): Promise<string> =>
  JSON.parse(await readFile(join(root, "package.json"), "utf8")).packageManager;

export async function pnpm(cwd: string, ...parameters: readonly string[]): Promise<string> {
  return run("npx", ["-y", await packageManager(), ...parameters], { cwd });
}

/** The environment without what a package manager and vitest put there for the process that they started. */
export function plainEnv(): NodeJS.ProcessEnv {
  const added =
    /^(npm_(package|lifecycle|command|execpath|node_execpath|config_user_agent)|pnpm_|NODE_ENV|NODE_OPTIONS|VITEST|TEST$|STATE_DIRECTORY)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !added.test(name)));
  return { ...env, TURBO_TELEMETRY_DISABLED: "1", CI: "true" };
}
