import type { SourceStatus } from "./contracts.ts";

/** Changes that may wait for one reader; beyond that the oldest go. Gaps never do: whoever heals them must learn of them. */
const maxPending = 100;

/** Statuses of a source for any number of readers, each from the present one on. */
export interface StatusFeed {
  tell(status: SourceStatus): void;
  /** The last one, after which every reader ends. */
  end(status: SourceStatus): void;
  read(): AsyncIterable<SourceStatus>;
}

/** What every source's `status()` is made of. */
export function createStatusFeed(first: SourceStatus): StatusFeed {
  interface Reader {
    readonly pending: SourceStatus[];
    wake?: (() => void) | undefined;
  }
  const readers = new Set<Reader>();
  /** Gaps told while nobody listened, for the next one who does. */
  let unheard: SourceStatus[] = [];
  let current = first;
  let ended = false;

  const tell = (status: SourceStatus) => {
    if (ended) return;
    // A gap is an occurrence, not a state to begin with.
    if (status.state !== "gap") current = status;
    else if (readers.size === 0) enqueue(unheard, status);
    for (const reader of readers) {
      enqueue(reader.pending, status);
      reader.wake?.();
    }
  };

  return {
    tell,
    end(status) {
      tell(status);
      ended = true;
    },
    async *read() {
      const reader: Reader = { pending: ended ? [current] : [current, ...unheard] };
      unheard = [];
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

/** What a reader has not seen yet is summed up: a repetition replaces the one before it, gaps of one cause become one. */
function enqueue(pending: SourceStatus[], status: SourceStatus): void {
  let added = status;
  if (added.state === "gap") {
    const { cause } = added;
    const index = pending.findIndex((waiting) => waiting.state === "gap" && waiting.cause === cause);
    const [older] = index < 0 ? [] : pending.splice(index, 1);
    if (older?.state === "gap" && older.lost !== undefined) added = { ...added, lost: older.lost + (added.lost ?? 0) };
  } else if (pending.at(-1)?.state === added.state) {
    pending.pop();
  }
  pending.push(added);
  if (pending.length > maxPending) {
    pending.splice(
      pending.findIndex(({ state }) => state !== "gap"),
      1,
    );
  }
}
