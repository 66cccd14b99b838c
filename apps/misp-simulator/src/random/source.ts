/** A source of chance: an integer from 0 to below `limit`. A test can hand in a generator of its own. */
export type Random = (limit: number) => number;

/** A repeatable source of chance: the same seed gives the same numbers (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Uuids (version 4) from a source of chance. */
export function createRandomUuid(random: Random): () => string {
  const hex = (digits: number) =>
    random(16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  return () => `${hex(8)}-${hex(4)}-4${hex(3)}-${(8 + random(4)).toString(16)}${hex(3)}-${hex(6)}${hex(6)}`;
}

/** Uuids that count up: short to read in a failing test, and independent of chance. */
export function createCountingUuid(): () => string {
  let last = 0;
  return () => {
    last++;
    return `00000000-0000-4000-8000-${last.toString(16).padStart(12, "0")}`;
  };
}
