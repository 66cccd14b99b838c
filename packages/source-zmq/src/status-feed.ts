import type { SourceStatus } from "@tb/misp-core";

/** More than a reader that follows at all falls behind; a reader that does not follow loses the oldest. */
const maxPending = 100;

/** Statuses for any number of readers, each from the present one on. */
export interface StatusFeed {
  tell(status: SourceStatus): void;
  /** The last one, after which every reader ends. */
  end(status: SourceStatus): void;
  read(): AsyncIterable<SourceStatus>;
}

export function createStatusFeed(first: SourceStatus): StatusFeed {
  interface Reader {
    readonly pending: SourceStatus[];
    wake?: (() => void) | undefined;
  }
  const readers = new Set<Reader>();
  let current = first;
  let ended = false;

  const tell = (status: SourceStatus) => {
    // A gap is an occurrence, not a state to begin with.
    if (status.state !== "gap") current = status;
    for (const reader of readers) {
      reader.pending.push(status);
      if (reader.pending.length > maxPending) reader.pending.shift();
      reader.wake?.();
    }
  };

  return {
    tell,
    end(status) {
      if (ended) return;
      ended = true;
      tell(status);
    },
    async *read() {
      const reader: Reader = { pending: [current] };
      readers.add(reader);
      try {
        for (;;) {
          const next = reader.pending.shift();
          if (next !== undefined) {
            yield next;
          } else if (ended) {
            return;
          } else {
            await new Promise<void>((resolve) => {
              reader.wake = resolve;
            });
            reader.wake = undefined;
          }
        }
      } finally {
        readers.delete(reader);
      }
    },
  };
}
