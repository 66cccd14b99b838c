import { installShutdown } from "../src/shutdown.ts";

/** A process that takes its time to finish; it tells on standard output where it is. */
const [mode, deadlineMs] = process.argv.slice(2);
const tell = (text: string) => process.stdout.write(`${text}\n`);
const controller = new AbortController();
const dispose = installShutdown({
  controller,
  sameSignalMs: 0,
  say: (level, text) => tell(`${level} ${text}`),
  ...(deadlineMs === undefined ? {} : { deadlineMs: Number(deadlineMs) }),
});
const working = setInterval(() => {}, 1_000);
controller.signal.addEventListener("abort", () => {
  if (mode !== "finish") return tell("hanging");
  clearInterval(working);
  dispose();
  return tell("finished");
});
tell("started");
