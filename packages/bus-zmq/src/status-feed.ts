import type { BusStatus } from "@tb/misp-core";

/** Changes that may wait for one reader; beyond that the oldest go, as a reader that far behind needs only the latest. */
const maxPending = 100;

/** Statuses for any number of readers, each from the present one on. */
export interface StatusFeed {
  tell(status: BusStatus): void;
  /** The last one, after which every reader ends. */
  end(status: BusStatus): void;
  read(): AsyncIterable<BusStatus>;
}

export function createStatusFeed(first: BusStatus): StatusFeed {
  interface Reader {
    readonly pending: BusStatus[];
    wake: () => void;
  }
  const readers = new Set<Reader>();
  let current = first;
  let ended = false;

  const tell = (status: BusStatus) => {
    if (ended) return;
    // That a consumer is behind is an occurrence, not a state to begin with.
    if (status.state !== "consumer-behind") {
      const repeated = status.state === current.state;
      current = status;
      if (repeated) return;
    }
    for (const reader of readers) {
      reader.pending.push(status);
      if (reader.pending.length > maxPending) reader.pending.shift();
      reader.wake();
    }
  };

  return {
    tell,
    end(status) {
      tell(status);
      ended = true;
      for (const reader of readers) reader.wake();
    },
    read() {
      // From the call on, not from the first `next`: what changes in between is part of what the reader asked for.
      const reader: Reader = { pending: [current], wake: () => undefined };
      let finished = false;
      if (!ended) readers.add(reader);
      const finish = () => {
        finished = true;
        readers.delete(reader);
        reader.wake();
      };
      const iterator: AsyncIterator<BusStatus, undefined> = {
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
