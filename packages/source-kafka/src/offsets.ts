/** A partition of a topic. */
export interface Partition {
  readonly topic: string;
  readonly partition: number;
}

/** `offset`: the next record to read, as Kafka counts. */
export interface Position extends Partition {
  readonly offset: number;
}

/** For texts and as a key: a topic's name has no slash in it. */
export const nameOf = ({ topic, partition }: Partition): string => `${topic}/${partition}`;

/** What was handed over of each partition, and what of it is acknowledged. */
export interface OffsetTracker {
  /** Records of which the caller is about to hand over one batch. The answer acknowledges it; repetitions do nothing. */
  take(records: readonly Position[]): () => void;
  /** These partitions belong to somebody else from here on: acknowledgements of what was taken before count no more. */
  revoke(partitions: readonly Partition[]): void;
}

/**
 * Stores an offset when its batch and every batch before it is acknowledged: what is committed is contiguous, so nothing
 * unacknowledged is ever skipped, in whatever order acknowledgements come.
 *
 * @param store takes, per partition, the offset after the last record; called with at least one
 */
export function createOffsetTracker(store: (positions: readonly Position[]) => void): OffsetTracker {
  interface Taken {
    readonly last: Map<string, Position>;
    acknowledged: boolean;
  }
  const pending: Taken[] = [];

  const storeAcknowledged = () => {
    const done = new Map<string, Position>();
    while (pending[0]?.acknowledged === true) {
      for (const [key, position] of pending.shift()?.last ?? []) done.set(key, position);
    }
    if (done.size > 0) store([...done.values()]);
  };

  return {
    take(records) {
      const taken: Taken = { last: new Map(), acknowledged: false };
      for (const record of records) {
        const { topic, partition, offset } = record;
        taken.last.set(nameOf(record), { topic, partition, offset: offset + 1 });
      }
      pending.push(taken);
      return () => {
        taken.acknowledged = true;
        storeAcknowledged();
      };
    },
    revoke(partitions) {
      for (const partition of partitions) {
        for (const { last } of pending) last.delete(nameOf(partition));
      }
    },
  };
}
