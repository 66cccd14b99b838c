import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** The real program as a child process. */
export interface Command {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Complete lines of standard output. */
  lines(): readonly string[];
  /** Its exit code, once all output has been read. */
  readonly closed: Promise<number | null>;
}

/** How the program is called, out of its sources. */
export function commandLine(parameters: readonly string[]) {
  return {
    node: process.execPath,
    parameters: ["--import", import.meta.resolve("tsx"), "--conditions=@tb/source", main, ...parameters],
  };
}

/** Starts commands in a folder, and ends those that are left. */
export function createCommands(folder: () => string) {
  const running = new Set<ChildProcess>();
  const commands = {
    /** @param options.read false: nobody reads its standard output. @default true */
    start(parameters: readonly string[], options: { readonly read?: boolean } = {}): Command {
      const line = commandLine(parameters);
      const child = spawn(line.node, line.parameters, { cwd: folder(), stdio: ["ignore", "pipe", "pipe"] });
      running.add(child);
      let stdout = "";
      let stderr = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      if (options.read !== false) child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      // "close" waits for all output to be read, and there may be some that nobody reads.
      const saidAll = once(child.stderr, "close");
      const closed = once(child, options.read === false ? "exit" : "close").then(async ([code]) => {
        await saidAll;
        running.delete(child);
        return code as number | null;
      });
      return {
        child,
        stdout: () => stdout,
        stderr: () => stderr,
        lines: () => stdout.split("\n").slice(0, -1),
        closed,
      };
    },
    /** Runs one to its end. */
    async run(...parameters: readonly string[]) {
      const command = commands.start(parameters);
      const code = await command.closed;
      return { code, stdout: command.stdout(), stderr: command.stderr(), lines: command.lines() };
    },
    killAll(): void {
      for (const child of running) child.kill("SIGKILL");
      running.clear();
    },
  };
  return commands;
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
