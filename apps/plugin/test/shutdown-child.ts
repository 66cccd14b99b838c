import { installShutdown } from "../src/shutdown.ts";

/** A process that takes its time to finish; it tells on standard error where it is. */
const [mode, deadlineMs] = process.argv.slice(2);
const tell = (text: string) => process.stderr.write(`${text}\n`);
const controller = new AbortController();
const dispose = installShutdown({
  controller,
  sameSignalMs: 0,
  say: (level, text) => tell(`${level} ${text}`),
  ...(deadlineMs === undefined ? {} : { deadlineMs: Number(deadlineMs) }),
});
const working = setInterval(() => {}, 1_000);
controller.signal.addEventListener("abort", () => {
  if (mode === "hang") return tell("hanging");
  clearInterval(working);
  dispose();
  return tell("finished");
});
// More than a pipe takes: with nobody to read it, the write outlasts all else.
if (mode === "unread") process.stdout.write("x".repeat(10_000_000));
tell("started");
