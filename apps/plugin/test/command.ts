import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** The real program as a child process. */
export interface Command {
  readonly child: ChildProcessWithoutNullStreams;
  stdout(): string;
  stderr(): string;
  /** Complete lines of standard output. */
  lines(): readonly string[];
  /** What these say in JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it has sent
  objects(): readonly any[];
  /** Its exit code, once all output has been read. */
  readonly closed: Promise<number | null>;
  /** SIGTERM, which it must take well. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** false: nobody reads its standard output. @default true */
  readonly read?: boolean;
  /** true: its standard input is open. @default false */
  readonly input?: boolean;
  /** In place of this process's. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Another file than the program's. */
  readonly file?: string;
}

/** How the program is called, out of its sources. */
export function commandLine(parameters: readonly string[], file: string = main) {
  return {
    node: process.execPath,
    parameters: ["--import", import.meta.resolve("tsx"), "--conditions=@tb/source", file, ...parameters],
  };
}

/** A folder for each test, and programs that run in it; what is left of both is gone after the test. */
export function createCommands(name: string) {
  let folder = "";
  const running = new Set<ChildProcessWithoutNullStreams>();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), `${name}-`));
  });
  afterEach(() => {
    for (const child of running) child.kill("SIGKILL");
    running.clear();
    rmSync(folder, { recursive: true, force: true });
  });
  const commands = {
    /** The folder, or what has this name in it. */
    path: (...names: readonly string[]) => join(folder, ...names),
    write: (file: string, content: string) => writeFileSync(join(folder, file), content),
    configure: (text: string) => commands.write("config.yaml", text),
    start(parameters: readonly string[] = [], options: StartOptions = {}): Command {
      const line = commandLine(parameters, options.file);
      const child = spawn(line.node, line.parameters, { cwd: folder, env: options.environment ?? process.env });
      running.add(child);
      let stdout = "";
      let stderr = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      if (options.read !== false) child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      // It may have ended when something is written to it.
      child.stdin.on("error", () => undefined);
      if (!options.input) child.stdin.end();
      // "close" waits for all output to be read, and there may be some that nobody reads.
      const saidAll = once(child.stderr, "close");
      const closed = once(child, options.read === false ? "exit" : "close").then(async ([code]) => {
        await saidAll;
        running.delete(child);
        return code as number | null;
      });
      const lines = () => stdout.split("\n").slice(0, -1);
      return {
        child,
        stdout: () => stdout,
        stderr: () => stderr,
        lines,
        objects: () => lines().map((text) => JSON.parse(text)),
        closed,
        async stop() {
          child.kill("SIGTERM");
          const code = await closed;
          expect(code, `ended by ${child.signalCode ?? "itself"}; standard error: ${stderr}`).toBe(0);
        },
      };
    },
    /** Runs one to its end. */
    async run(...parameters: readonly string[]) {
      const command = commands.start(parameters);
      const code = await command.closed;
      return { code, stdout: command.stdout(), stderr: command.stderr(), lines: command.lines() };
    },
  };
  return commands;
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
