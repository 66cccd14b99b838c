/** What librdkafka's statistics say about the connection. https://github.com/confluentinc/librdkafka/blob/v2.12.0/STATISTICS.md */
export interface Statistics {
  /** At least one broker is connected. */
  readonly up: boolean;
  /** The group is joined, and its assignment taken up. */
  readonly joined: boolean;
}

export function readStatistics(text: string): Statistics {
  const { brokers = {}, cgrp } = JSON.parse(text) as {
    readonly brokers?: Readonly<Record<string, { readonly state?: string }>>;
    readonly cgrp?: { readonly state?: string; readonly join_state?: string };
  };
  return {
    up: Object.values(brokers).some(({ state }) => state === "UP"),
    joined: cgrp?.state === "up" && cgrp.join_state === "steady",
  };
}
