import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Answer, Command } from "../cli/commands.ts";
import { type Arrivals, createArrivals } from "./arrivals.ts";
import { type BusObject, parseBusObject } from "./bus-object.ts";
import { DemoError } from "./play.ts";

/** A child process of the demo. */
interface Child {
  /** Asks it to end and waits until it has, and all its output is read; kills it when it takes longer than 6 s. */
  stop(): Promise<void>;
  /** How it ended: undefined while it runs, null when a signal ended it. */
  exitCode(): number | null | undefined;
}

/** The simulator. */
export interface SimulatorChild extends Child {
  readonly port: number;
  /** @throws {DemoError} when it refuses */
  ask(command: Command): Promise<Extract<Answer, { ok: true }>>;
  /** Whether somebody subscribes to exactly this prefix; waits a moment for it. */
  hasSubscriber(prefix: string): Promise<boolean>;
}

/** The program, and what it says on the bus. */
export interface ProgramChild extends Child {
  readonly bus: Arrivals<BusObject>;
  /** The last lines of its log. */
  readonly log: readonly string[];
}

function start(file: URL, args: readonly string[], stdin: "pipe" | "ignore"): ChildProcess {
  const fromSource = ["--import", "tsx", "--conditions=@tb/source"];
  // Settings in the environment would override the demo's configuration.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("THREATBUS_")));
  return spawn(process.execPath, [...fromSource, fileURLToPath(file), ...args], {
    env,
    stdio: [stdin, "pipe", "pipe"],
    // Ctrl-C is the demo's: it ends its children in order.
    detached: true,
  });
}

function toChild(child: ChildProcess): Child {
  let ended: { readonly code: number | null } | undefined;
  // `close` comes after the last of its output, `exit` perhaps before.
  const closed = once(child, "close").then(([code]: unknown[]) => {
    ended = { code: typeof code === "number" ? code : null };
  });
  return {
    exitCode: () => ended?.code,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 6000);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** The last lines of a stream. */
function tail(stream: NodeJS.ReadableStream | null): string[] {
  const lines: string[] = [];
  if (stream) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (lines.length > 20) lines.shift();
    });
  }
  return lines;
}

/** Starts the simulator with its publisher on a free port. */
export async function startSimulator(): Promise<SimulatorChild> {
  const child = start(new URL("../main.ts", import.meta.url), ["publish", "--watch"], "pipe");
  const errors = tail(child.stderr);
  const answers = createArrivals<unknown>();
  if (child.stdout) createInterface({ input: child.stdout }).on("line", (line) => answers.push(JSON.parse(line)));
  child.once("exit", () => answers.fail(new DemoError(`the simulator ended: ${errors.join("\n")}`)));

  async function answer(): Promise<unknown> {
    const line = await answers.next(35_000);
    if (line === undefined) throw new DemoError("the simulator does not answer");
    return line;
  }

  const { ready } = (await answer()) as { readonly ready: { readonly port: number } };
  async function tell(command: Command): Promise<Answer> {
    child.stdin?.write(`${JSON.stringify(command)}\n`);
    return (await answer()) as Answer;
  }

  return {
    port: ready.port,
    async hasSubscriber(prefix) {
      return (await tell({ subscribed: { prefix, timeoutMs: 200 } })).ok;
    },
    async ask(command) {
      const said = await tell(command);
      if (!said.ok) throw new DemoError(`the simulator: ${said.error.message}`);
      return said;
    },
    ...toChild(child),
  };
}

/** Starts the program with a configuration file. It need not be ready yet. */
export function startProgram(main: URL, configFile: string): ProgramChild {
  const child = start(main, ["run", "-c", configFile], "ignore");
  const log = tail(child.stderr);
  const bus = createArrivals<BusObject>();
  if (child.stdout) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      try {
        bus.push(parseBusObject(line));
      } catch (error) {
        bus.fail(new DemoError(`the program wrote what does not belong on stdout: ${error}`));
      }
    });
  }
  child.once("close", (code, signal) =>
    bus.fail(new DemoError(`the program ended with ${signal ?? `exit code ${code}`}`)),
  );
  return { bus, log, ...toChild(child) };
}
