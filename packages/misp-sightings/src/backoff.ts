/** How long to wait after the n-th failure in a row. */
export interface Backoff {
  /** After the first failure, milliseconds. */
  readonly initialMs: number;
  /** Never longer, milliseconds. */
  readonly maxMs: number;
}

/**
 * Doubles with each failure (the first is 1; Infinity: the longest wait), and takes a random part of the second half away: many
 * programs that failed at the same time do not come back at the same time.
 */
export function backoffMs(failures: number, { initialMs, maxMs }: Backoff, random: () => number): number {
  const full = Math.min(initialMs * 2 ** (failures - 1), maxMs);
  return Math.ceil(full / 2 + (full / 2) * random());
}
