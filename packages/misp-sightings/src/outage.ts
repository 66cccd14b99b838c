import { type Backoff, backoffMs } from "./backoff.ts";

/** Whether MISP takes rows at the moment, told from what came of the last tries. */
export interface Outage {
  /** When something may be sent again, milliseconds; not later than `nowMs`: at once. */
  blockedUntil(nowMs: number): number;
  /** Every try has failed since the last pause began. */
  lasts(): boolean;
  /** MISP answered a try. True when that ends the outage. */
  answered(): boolean;
  /** The new pause's end, if one begins. */
  failed(uuid: string, nowMs: number): number | undefined;
  /** Nothing before `untilMs`; says when that really is. */
  hold(untilMs: number, nowMs: number): number;
  /** No other row has failed since MISP answered a try. */
  failsAlone(uuid: string): boolean;
  reset(): void;
}

/** `Retry-After` and the like are honoured up to this: a header with a year in it must not stop us for a year. */
export const maxRetryAfterMs = 3_600_000;

/**
 * A row that fails alone is the row's matter, however often. When `threshold` different rows have failed and none has got an answer,
 * MISP is taken to be down: everything pauses, longer each time, so that 10,000 waiting rows do not mean 10,000 tries.
 */
export function createOutage(threshold: number, backoff: Backoff, random: () => number): Outage {
  const failing = new Set<string>();
  let pauses = 0;
  let pausedUntilMs = 0;
  let heldUntilMs = 0;
  /** A time further away than any pause lasts was set before the clock went back. */
  const longestMs = Math.max(maxRetryAfterMs, backoff.maxMs);
  const plausible = (atMs: number, nowMs: number) => (atMs - nowMs > longestMs ? 0 : atMs);
  const answered = () => {
    const ended = pauses > 0;
    failing.clear();
    pauses = 0;
    pausedUntilMs = 0;
    return ended;
  };
  return {
    blockedUntil: (nowMs) => Math.max(plausible(pausedUntilMs, nowMs), plausible(heldUntilMs, nowMs)),
    lasts: () => pauses > 0,
    answered,
    failed(uuid, nowMs) {
      if (failing.size < threshold) failing.add(uuid);
      // Tries that were under way when the pause began fail in it: they say nothing new.
      if (failing.size < threshold || plausible(pausedUntilMs, nowMs) > nowMs) return undefined;
      pauses += 1;
      pausedUntilMs = nowMs + backoffMs(pauses, backoff, random);
      return pausedUntilMs;
    },
    hold(untilMs, nowMs) {
      heldUntilMs = Math.max(plausible(heldUntilMs, nowMs), Math.min(untilMs, nowMs + maxRetryAfterMs));
      return heldUntilMs;
    },
    failsAlone: (uuid) => failing.size === 1 && failing.has(uuid),
    reset() {
      answered();
      heldUntilMs = 0;
    },
  };
}
