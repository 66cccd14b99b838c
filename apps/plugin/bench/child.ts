import { type ChildProcess, fork, type StdioOptions } from "node:child_process";
import { once } from "node:events";

// biome-ignore lint/suspicious/noExplicitAny: answers of our own children
export type Answer = any;
export type Child = Awaited<ReturnType<typeof startChild>>;

const children = new Set<ChildProcess>();

/** A child that has said that it is ready, and answers questions one by one. */
export async function startChild(name: string, parameters: readonly string[], stdout: "ignore" | "pipe" = "ignore") {
  const child = start(name, parameters, ["ignore", stdout, "inherit", "ipc"]);
  const [ready]: Answer[] = await once(child, "message");
  return {
    child,
    ready,
    async ask(message: object): Promise<Answer> {
      child.send(message);
      const [answer] = await once(child, "message");
      return answer;
    },
    stop: () => stopChild(child, "SIGKILL"),
  };
}

/** The real program, with this configuration. */
export function startProgram(config: string, stdio: StdioOptions): ChildProcess {
  return start("../src/main.ts", ["-c", config], stdio);
}

function start(name: string, parameters: readonly string[], stdio: StdioOptions): ChildProcess {
  const child = fork(new URL(name, import.meta.url), parameters, {
    execArgv: ["--import", "tsx", "--conditions=@tb/source"],
    stdio,
  });
  endWithUs(child);
  return child;
}

/** Whatever happens, it does not outlive the measurement. */
export function endWithUs(child: ChildProcess): void {
  children.add(child);
}

export async function stopChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const running = child.exitCode === null && child.signalCode === null;
  child.kill(signal);
  if (running) await once(child, "exit");
  children.delete(child);
}

export function killChildren(): void {
  for (const child of children) child.kill("SIGKILL");
}
