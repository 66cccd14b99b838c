import { spawn } from "node:child_process";

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
