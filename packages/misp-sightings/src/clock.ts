/** Time, injected: an hour of MISP being down is a second in a test. */
export interface Clock {
  /** Milliseconds since the epoch. It may go back, as system clocks do. */
  now(): number;
  /** Calls `run` once after so many milliseconds; the returned function calls it off. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
