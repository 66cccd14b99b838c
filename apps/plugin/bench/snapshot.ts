import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../../tools/free-port.ts";
import { startChild, startProgram, stopChild } from "./child.ts";
import { anonymousMb } from "./memory.ts";

export interface SnapshotFigures {
  readonly seconds: number;
  /** How much more resident memory there was at most than right before the request, without what is mapped from a file. */
  readonly addedMb: number;
}

const sampleEveryMs = 20;

/**
 * The real program hosts the index in a folder, and an app in a process of its own asks for all of it.
 *
 * @param expect how many indicators are live
 */
export async function measureSnapshot(folder: string, expect: number): Promise<SnapshotFigures> {
  const [manage = 0, pub = 0, sub = 0, nobody = 0] = await freePorts(4);
  const config = join(folder, "config.yaml");
  writeFileSync(
    config,
    `plugins: { apps: { misp: { zmq: { host: 127.0.0.1, port: ${nobody} } }, zmq: { manage: ${manage}, pub: ${pub}, sub: ${sub} } } }
state: { path: ${JSON.stringify(folder)} }
`,
  );
  const program = startProgram(config, ["ignore", "ignore", "pipe", "ipc"]);
  let log = "";
  program.stderr?.on("data", (chunk: Buffer) => (log += chunk));
  try {
    const app = await startChild("./snapshot-app.ts", [String(manage)]);
    while (!log.includes("started: ")) await once(program.stderr ?? program, "data");
    if (log.includes("evaluated anew")) throw new Error("the digest is not the program's");
    const { pid = 0 } = program;
    await settle(pid);
    const beforeMb = anonymousMb(pid);
    let most = beforeMb;
    const timer = setInterval(() => (most = Math.max(most, anonymousMb(pid))), sampleEveryMs);
    const { ms } = await app.ask({ expect });
    clearInterval(timer);
    await app.stop();
    return { seconds: ms / 1000, addedMb: most - beforeMb };
  } finally {
    await stopChild(program, "SIGKILL");
  }
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
