import { type Counters, summaryLine } from "../counters.ts";
import type { Log } from "./log.ts";

const everyMs = 60_000;

/** Says what was counted: one line a minute when something has changed, and one at the end. */
export function startSummary(log: Log, counters: Counters): { stop(): void } {
  const line = () => summaryLine(counters.snapshot());
  let last = line();
  const say = () => {
    const now = line();
    if (now !== last) log.info({}, now);
    last = now;
  };
  const timer = setInterval(say, everyMs).unref();
  return {
    stop() {
      clearInterval(timer);
      log.info({}, `in all: ${line()}`);
    },
  };
}
