import type { Random } from "./random/source.ts";

/** A way to the subscribers that loses messages: ZeroMQ beyond its high-water mark, MISP's Kafka producer at the end of a request. */
export interface Loss {
  /** What is left of the messages, in their order. */
  keep<Message>(messages: readonly Message[]): Message[];
  /** How many were lost so far. */
  readonly lost: number;
}

/**
 * Loses each message by chance.
 *
 * @param share from 0, none, to 1, all
 * @param random the only source of chance: the same seed loses the same messages
 */
export function createLoss(share: number, random: Random): Loss {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`a share of ${share} cannot be lost; expected 0 to 1`);
  const steps = 1_000_000;
  const limit = Math.round(share * steps);
  let lost = 0;
  return {
    keep(messages) {
      return messages.filter(() => {
        if (random(steps) >= limit) return true;
        lost++;
        return false;
      });
    },
    get lost() {
      return lost;
    },
  };
}
