import type { Clock } from "../src/clock.ts";

/** Time that passes only when everything else has come to rest. */
export interface SimulatedClock extends Clock {
  /** Lets time pass until the condition holds. Throws when nothing is left that could change it, or after so much time. */
  runUntil(condition: () => boolean, limitMs?: number): Promise<void>;
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>;
  /** Sets the clock without letting time pass, as an administrator does. */
  set(ms: number): void;
  /** How many timers are set. */
  timers(): number;
}

/** Every promise that can settle has settled: they all do so within one turn of the event loop. */
const rest = () => new Promise<void>((resolve) => setImmediate(resolve));

export function createSimulatedClock(startMs = 1_700_000_000_000): SimulatedClock {
  let elapsedMs = 0;
  let offsetMs = startMs;
  let timers: { readonly atMs: number; readonly run: () => void }[] = [];

  const step = (limitMs: number): boolean => {
    const [next] = timers;
    if (next === undefined || next.atMs > limitMs) return false;
    timers.shift();
    elapsedMs = Math.max(elapsedMs, next.atMs);
    next.run();
    return true;
  };

  const clock: SimulatedClock = {
    now: () => offsetMs + elapsedMs,
    after(ms, run) {
      const timer = { atMs: elapsedMs + Math.max(0, ms), run };
      timers.splice(timers.findLastIndex(({ atMs }) => atMs <= timer.atMs) + 1, 0, timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async runUntil(condition, limitMs = 24 * 3_600_000) {
      const endMs = elapsedMs + limitMs;
      for (;;) {
        await rest();
        if (condition()) return;
        if (!step(endMs)) throw new Error(`after ${elapsedMs} ms nothing more happens: ${timers.length} timers`);
      }
    },
    async pass(ms) {
      const endMs = elapsedMs + ms;
      do await rest();
      while (step(endMs));
      elapsedMs = endMs;
    },
    set(ms) {
      offsetMs = ms - elapsedMs;
    },
    timers: () => timers.length,
  };
  return clock;
}
