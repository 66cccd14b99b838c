import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../tools/free-port.ts";

export interface SnapshotFigures {
  readonly seconds: number;
  /** Resident memory that is not mapped from a file: right before the request, and how much more it was at most. */
  readonly beforeMb: number;
  readonly addedMb: number;
}

const sampleEveryMs = 20;

/** Resident memory of a process without what is only mapped from files. */
export function anonymousMb(process: number | "self"): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${process}/status`, "utf8"))?.[1]) / 1000;
}

/**
 * The real program hosts the index in a folder, and an app in a process of its own asks for all of it.
 *
 * @param expect how many indicators are live
 */
export async function measureSnapshot(folder: string, expect: number): Promise<SnapshotFigures> {
  const [manage, pub, sub, nobody] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const config = join(folder, "config.yaml");
  writeFileSync(
    config,
    `plugins: { apps: { misp: { zmq: { host: 127.0.0.1, port: ${nobody} } }, zmq: { manage: ${manage}, pub: ${pub}, sub: ${sub} } } }
state: { path: ${JSON.stringify(folder)} }
`,
  );
  const start = (name: string, parameters: readonly string[]) =>
    fork(new URL(name, import.meta.url), parameters, {
      execArgv: ["--import", "tsx", "--conditions=@tb/source"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
  const program = start("../src/main.ts", ["-c", config]);
  const app = start("./snapshot-app.ts", [String(manage)]);
  const ready = once(app, "message");
  let log = "";
  program.stderr?.on("data", (chunk: Buffer) => (log += chunk));
  try {
    await ready;
    while (!log.includes("started: ")) await once(program.stderr ?? program, "data");
    if (log.includes("evaluated anew")) throw new Error("the digest is not the program's");
    const { pid = 0 } = program;
    await settle(pid);
    const beforeMb = anonymousMb(pid);
    let most = beforeMb;
    const timer = setInterval(() => (most = Math.max(most, anonymousMb(pid))), sampleEveryMs);
    app.send({ expect });
    const [{ ms }] = (await once(app, "message")) as [{ ms: number }];
    clearInterval(timer);
    return { seconds: ms / 1000, beforeMb, addedMb: most - beforeMb };
  } finally {
    await Promise.all([stop(program), stop(app)]);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** Until it has not grown for a second: what is compiled and read at the start is over. */
async function settle(pid: number): Promise<void> {
  for (let before = 0; ; ) {
    const now = anonymousMb(pid);
    if (Math.abs(now - before) < 0.5) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
