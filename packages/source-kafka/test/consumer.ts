import { fork } from "node:child_process";
import { onTestFinished } from "vitest";
import { connection, quick } from "./helpers.ts";

/** What a consumer in a process of its own is to do, see `consumer-child.ts`. */
export interface ConsumerTask {
  readonly topic: string;
  readonly fromBeginning?: boolean;
  readonly maxBatch?: number;
  /** It kills itself when it has acknowledged so many batches. */
  readonly killAfterBatches: number;
  /** Not after, but before the next acknowledgement. */
  readonly beforeAck?: boolean;
}

/** Starts it; says what it took, and what it acknowledged. */
export function startConsumer(task: ConsumerTask) {
  const child = fork(
    new URL("./consumer-child.ts", import.meta.url),
    [JSON.stringify({ ...task, connection: { ...connection, ...quick } })],
    {
      execArgv: ["--import", "tsx", "--conditions=@tb/source"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    },
  );
  const taken = new Set<string>();
  const acknowledged = new Set<string>();
  child.on("message", (message: { readonly taken?: string[]; readonly acknowledged?: string[] }) => {
    for (const body of message.taken ?? []) taken.add(body);
    for (const body of message.acknowledged ?? []) acknowledged.add(body);
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { taken, acknowledged, ended };
}
