import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The rest is in `constraints.txt`. `pyvast` is yanked, so it must be pinned exactly: 3.1.0 is an unrelated API. */
const environments = {
  host: ["threatbus==2022.5.16", "threatbus-inmem==2022.5.16", "threatbus-zmq==2022.5.16"],
  suricata: ["suricata-threatbus==2022.5.16"],
  vast: ["vast-threatbus==2022.5.16", "pyvast==2021.12.16"],
};
const constraints = fileURLToPath(new URL("./constraints.txt", import.meta.url));

/**
 * A virtual environment with pinned packages, made the first time and kept in `$THREATBUS_MISP_INTEROP`, else in the user's cache.
 *
 * @returns its folder of programs
 */
export async function pythonEnvironment(name: keyof typeof environments): Promise<string> {
  const cache = process.env["THREATBUS_MISP_INTEROP"] ?? join(homedir(), ".cache", "threatbus-misp-interop");
  const folder = join(cache, name);
  const programs = join(folder, "bin");
  const complete = join(folder, "complete");
  const pins = `${environments[name].join("\n")}\n${readFileSync(constraints, "utf8")}`;
  if (existsSync(complete) && readFileSync(complete, "utf8") === pins) return programs;
  mkdirSync(cache, { recursive: true });
  try {
    await run(process.env["PYTHON"] ?? "python3", ["-m", "venv", "--clear", folder]);
    const pip = join(programs, "pip");
    // antlr4 4.8 comes as source, and newer setuptools cannot build it.
    await run(pip, ["install", "--quiet", "wheel", "setuptools<70"]);
    await run(pip, ["install", "--quiet", "--no-build-isolation", "-c", constraints, ...environments[name]]);
  } catch (cause) {
    const what = "needs Python 3.11 with venv (PYTHON names another one) and, the first time, the package index";
    throw new Error(`interop with the real Threat Bus ${what}`, { cause });
  }
  writeFileSync(complete, pins);
  return programs;
}

export type Program = ReturnType<typeof startProgram>;

/** A program with its output, in a process of its own. */
export function startProgram(
  command: string,
  folder: string,
  options: { readonly path?: string; readonly arguments?: readonly string[] } = {},
) {
  const child = spawn(command, options.arguments ?? ["-c", "config.yaml"], {
    cwd: folder,
    env: { ...process.env, PATH: options.path ?? process.env["PATH"], PYTHONUNBUFFERED: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const wakers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
      for (const wake of wakers) wake();
    });
  }
  let code: number | string | null | undefined;
  const ended = new Promise<void>((resolve) => {
    child.on("exit", (exitCode, signal) => {
      code = exitCode ?? signal;
      for (const wake of wakers) wake();
      resolve();
    });
  });
  return {
    output: () => output,
    /** Waits for a text in its output; fails when it ends without. */
    async says(text: string, from = 0): Promise<void> {
      while (!output.includes(text, from)) {
        if (code !== undefined) throw new Error(`it ended with ${code}:\n${output}`);
        await new Promise<void>((resolve) => wakers.add(resolve));
      }
    },
    async stop(signal: NodeJS.Signals): Promise<number | string | null | undefined> {
      child.kill(signal);
      await ended;
      return code;
    },
  };
}

/** Waits for what a program does to a file or the like; the test's timeout is the limit. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}
