import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "./cache-folder.ts";

const run = promisify(execFile);

/** A virtual environment that is ready, or why there is none and what to do about it, in one line. */
export type PythonEnvironment =
  | {
      readonly ok: true;
      /** The folder of the environment; its scripts are in `bin` (on Windows: `Scripts`). */
      readonly folder: string;
      /** The interpreter in it. */
      readonly python: string;
    }
  | {
      readonly ok: false;
      readonly reason: string;
      /** There is no Python, or no package index: this machine cannot have it. Otherwise the packages themselves are at fault. */
      readonly outOfReach: boolean;
    };

export interface PythonEnvironmentOptions {
  /** What it is for; part of the folder's name. */
  readonly name: string;
  /** Lines as in a requirements file, pinned. A change of them makes a new environment. */
  readonly requirements: readonly string[];
  /** What is needed to build those that come as source; installed first. @default each brings its own */
  readonly buildRequirements?: readonly string[];
  /** Versions of what the requirements need themselves, pinned. */
  readonly constraints?: readonly string[];
  /**
   * How long the installation may take.
   * @default 180_000
   */
  readonly timeoutMs?: number;
}

/** An install that fails is not tried again in this process for every test file that asks. */
const prepared = new Map<string, Promise<PythonEnvironment>>();

/**
 * Makes a virtual environment with these packages, or finds the one made before. Kept outside the checkout, in
 * `$THREATBUS_MISP_CACHE` or else `threatbus-misp` in the user's cache folder.
 *
 * Test files in several processes may ask at once: each builds in a folder of its own, and a symbolic link, which is made in
 * one step, decides whose counts. So a half-made environment is never used, and nobody waits for a lock.
 */
export function pythonEnvironment(options: PythonEnvironmentOptions): Promise<PythonEnvironment> {
  const key = JSON.stringify(options);
  const known = prepared.get(key) ?? prepare(options);
  prepared.set(key, known);
  return known;
}

/** Whether a test that needs Python has to run even though it cannot: it fails then, where it would be skipped elsewhere. */
export const pythonIsRequired: boolean = (process.env["CI"] ?? "") !== "";

/** Runs a script in an environment, one JSON value per line in and out. */
export async function runPython(
  python: string,
  script: URL,
  input: readonly unknown[],
  timeoutMs = 120_000,
): Promise<unknown[]> {
  const running = run(python, [script.pathname], {
    timeout: timeoutMs,
    maxBuffer: 1 << 30,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  running.child.stdin?.end(input.map((value) => `${JSON.stringify(value)}\n`).join(""));
  const { stdout } = await running;
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}

async function prepare(options: PythonEnvironmentOptions): Promise<PythonEnvironment> {
  const { name, requirements, buildRequirements, constraints, timeoutMs = 180_000 } = options;
  const found = await findPython();
  if (found === undefined) {
    const reason = "no Python 3.9 or later with venv; install python3 and python3-venv, then run again";
    return { ok: false, reason, outOfReach: true };
  }
  const digest = createHash("sha256")
    .update(JSON.stringify([requirements, found.version, buildRequirements, constraints]))
    .digest("hex")
    .slice(0, 16);
  const root = join(cacheFolder(), "python");
  const link = join(root, `${name}-${digest}`);
  const existing = await environmentAt(link);
  if (existing !== undefined) return existing;

  await mkdir(root, { recursive: true });
  const folder = join(root, `.${name}-${randomUUID()}`);
  let reachable = false;
  try {
    await run(found.python, ["-m", "venv", folder], { timeout: timeoutMs });
    const python = interpreterIn(folder);
    if (buildRequirements !== undefined) {
      await install(python, buildRequirements, timeoutMs);
      reachable = true;
    }
    const pins = join(folder, "constraints.txt");
    await writeFile(pins, (constraints ?? []).join("\n"));
    const how = buildRequirements === undefined ? [] : ["--no-build-isolation"];
    await install(python, ["--constraint", pins, ...how, ...requirements], timeoutMs);
    await publish(folder, link);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return {
      ok: false,
      reason: `${explain(error)}; allow pip a package index and run again (${requirements.join(", ")})`,
      outOfReach: !reachable,
    };
  }
  const broken = { ok: false, outOfReach: false } as const;
  return (
    (await environmentAt(link)) ?? { ...broken, reason: `${link} has no working interpreter; delete it and run again` }
  );
}

/** Two retries after at most 20 s each: an index that cannot be reached is noticed soon. */
async function install(python: string, parameters: readonly string[], timeoutMs: number): Promise<void> {
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2", "--timeout", "20"];
  await run(python, ["-m", "pip", "install", ...quiet, ...parameters], { timeout: timeoutMs });
}

async function publish(folder: string, link: string): Promise<void> {
  try {
    await symlink(folder, link, process.platform === "win32" ? "junction" : "dir");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // Another process was first; a link that leads nowhere is left of a cache that somebody cleared.
    await ((await environmentAt(link)) === undefined
      ? replace(folder, link)
      : rm(folder, { recursive: true, force: true }));
  }
}

async function replace(folder: string, link: string): Promise<void> {
  await rm(link, { recursive: true, force: true });
  await publish(folder, link);
}

async function environmentAt(link: string): Promise<PythonEnvironment | undefined> {
  try {
    const folder = await realpath(link);
    const python = interpreterIn(folder);
    await run(python, ["-c", ""], { timeout: 20_000 });
    return { ok: true, folder, python };
  } catch {
    return undefined;
  }
}

async function findPython(): Promise<{ readonly python: string; readonly version: string } | undefined> {
  const probe = "import sys, venv, ensurepip; assert sys.version_info >= (3, 9); print(sys.version)";
  for (const python of ["python3", "python"]) {
    try {
      const { stdout } = await run(python, ["-c", probe], { timeout: 20_000 });
      return { python, version: stdout.trim() };
    } catch {
      // Not there, too old, or without venv: the next name.
    }
  }
  return undefined;
}

function interpreterIn(folder: string): string {
  return process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

/** The last line that pip or venv wrote, where the reason stands. */
function explain(error: unknown): string {
  const { stderr = "", message } = error as { readonly stderr?: string; readonly message: string };
  const last = stderr.trim().split("\n").at(-1);
  return `pip could not install the packages: ${(last || message).slice(0, 200)}`;
}
