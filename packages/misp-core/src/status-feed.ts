import type { SourceStatus } from "./contracts.ts";

/** Changes that may wait for one reader; beyond that the oldest state goes, or of occurrences alone the oldest. */
const maxPending = 100;

/** Statuses for any number of readers, each from the present one on, as of the call of `read`. */
export interface StatusFeed<Status = SourceStatus> {
  tell(status: Status): void;
  /** The last one, after which every reader ends. */
  end(status: Status): void;
  read(): AsyncIterable<Status>;
}

/** What happened once, beside the states that follow one another: no reader begins with it, and none loses it to a state. */
export interface Occurrences<Status> {
  is(status: Status): boolean;
  /** Two of them that wait as one, the newer's place taken; undefined when they are about two things. */
  sum(older: Status, newer: Status): Status | undefined;
}

/** Gaps of one cause become one: whoever heals them must learn of them, and of each only once. */
const gaps: Occurrences<SourceStatus> = {
  is: ({ state }) => state === "gap",
  sum(older, newer) {
    if (older.state !== "gap" || newer.state !== "gap" || older.cause !== newer.cause) return undefined;
    return older.lost === undefined ? newer : { ...newer, lost: older.lost + (newer.lost ?? 0) };
  },
};

/** What every source's `status()` is made of. */
export function createStatusFeed(first: SourceStatus): StatusFeed {
  return createFeed(first, gaps);
}

/** What any `status()` is made of. */
export function createFeed<Status extends { readonly state: string }>(
  first: Status,
  occurrences: Occurrences<Status>,
): StatusFeed<Status> {
  interface Reader {
    readonly pending: Status[];
    wake: () => void;
  }
  const readers = new Set<Reader>();
  /** Occurrences told while nobody listened, for the next one who does. */
  let unheard: Status[] = [];
  let current = first;
  let ended = false;

  /** What a reader has not seen yet is summed up: a repetition replaces the one before it. */
  const enqueue = (pending: Status[], status: Status) => {
    let added = status;
    if (occurrences.is(status)) {
      const index = pending.findIndex((waiting) => occurrences.sum(waiting, status) !== undefined);
      const [older] = index < 0 ? [] : pending.splice(index, 1);
      if (older !== undefined) added = occurrences.sum(older, status) ?? status;
    } else if (pending.at(-1)?.state === status.state) {
      pending.pop();
    }
    pending.push(added);
    if (pending.length <= maxPending) return;
    const state = pending.findIndex((waiting) => waiting !== added && !occurrences.is(waiting));
    pending.splice(Math.max(0, state), 1);
  };
  const tell = (status: Status) => {
    if (ended) return;
    if (!occurrences.is(status)) current = status;
    else if (readers.size === 0) enqueue(unheard, status);
    for (const reader of readers) {
      enqueue(reader.pending, status);
      reader.wake();
    }
  };

  return {
    tell,
    end(status) {
      tell(status);
      ended = true;
    },
    read() {
      const reader: Reader = { pending: ended ? [current] : [current, ...unheard], wake: () => undefined };
      unheard = [];
      if (!ended) readers.add(reader);
      let finished = false;
      const finish = () => {
        finished = true;
        readers.delete(reader);
        reader.wake();
      };
      // No generator: one that waits does not see that it is to return.
      const iterator: AsyncIterator<Status, undefined> = {
        async next() {
          for (;;) {
            const status = finished ? undefined : reader.pending.shift();
            if (status !== undefined) return { done: false, value: status };
            if (ended) finish();
            if (finished) return { done: true, value: undefined };
            await new Promise<void>((resolve) => {
              reader.wake = resolve;
            });
          }
        },
        async return() {
          finish();
          return { done: true, value: undefined };
        },
      };
      return { [Symbol.asyncIterator]: () => iterator };
    },
  };
}
