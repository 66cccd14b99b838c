import { parseArgs } from "node:util";
import { DemoError } from "./play.ts";
import { runDemo } from "./run-demo.ts";
import { createScreen } from "./screen.ts";

const program = new URL("../../../plugin/src/main.ts", import.meta.url);

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { "keep-running": { type: "boolean", default: false } } });
  const terminal = process.stdout.isTTY === true;
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
  const colour = terminal && process.env["NO_COLOR"] === undefined;
  try {
    await runDemo({
      program,
      screen: createScreen((text) => process.stdout.write(text), { colour }),
      // Nobody reads along in a pipe.
      pauseMs: terminal ? 900 : 0,
      keepRunning: values["keep-running"],
      signal: interrupted.signal,
    });
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    process.stderr.write(`The demo failed: ${error instanceof DemoError ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exit(await main());
