import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Answer, Command } from "../src/cli/commands.ts";

export const main: string = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** What the simulator says first. */
interface Ready {
  readonly port: number;
  readonly rest: { readonly url: string; readonly keys: Readonly<Record<string, string>> };
}

/** The simulator as a child process, gone when the test is over. */
export interface Simulator {
  readonly child: ChildProcess;
  readonly ready: Ready;
  /** The answer to a command; one that is refused throws. */
  ask(command: Command): Promise<Extract<Answer, { ok: true }>>;
  /** The answer to a line as given. */
  askLine(line: string): Promise<Answer>;
}

export async function startSimulator(...options: string[]): Promise<Simulator> {
  const child = spawn(process.execPath, ["--import", "tsx", "--conditions=@tb/source", main, "publish", ...options], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value);
  const askLine = async (line: string): Promise<Answer> => {
    child.stdin.write(`${line}\n`);
    return (await next()) as Answer;
  };
  const { ready } = (await next()) as { ready: Ready };
  return {
    child,
    ready,
    askLine,
    async ask(command) {
      const answer = await askLine(JSON.stringify(command));
      if (!answer.ok) throw new Error(answer.error.message);
      return answer;
    },
  };
}
