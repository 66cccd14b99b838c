import type { Statistics } from "./statistics.ts";

/** Notices a client that has a broker and yet does not get into its group. */
export interface Watchdog {
  observe(statistics: Statistics): void;
  stuck(): boolean;
}

/** A join may wait for other members, at most as long as their `max.poll.interval.ms`, 5 minutes by default. */
const patienceMs = 330_000;

export function createWatchdog(now: () => number): Watchdog {
  let outsideSinceMs: number | undefined;
  return {
    observe({ up, joined }) {
      if (!up || joined) outsideSinceMs = undefined;
      else outsideSinceMs ??= now();
    },
    stuck: () => outsideSinceMs !== undefined && now() - outsideSinceMs > patienceMs,
  };
}
