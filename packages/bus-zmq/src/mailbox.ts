/** Values on their way to whoever reads them: several readers share them, and what none took waits, up to a limit. */
export interface Mailbox<T extends object> {
  /** False: no room, it is not taken. */
  put(value: T): boolean;
  /** Takes back what nobody has taken yet. */
  remove(value: T): void;
  /** The gate may have opened. */
  wake(): void;
  /** Ends every reader at once. */
  close(): void;
  /** Abort and `return` end a pending read at once, and take nothing. */
  read(signal: AbortSignal): AsyncIterable<T>;
}

/**
 * @param gate Values are handed out only while it is open.
 * @param onTaken A reader has got it, in the same turn.
 */
export function createMailbox<T extends object>(
  maxWaiting: number,
  gate: () => boolean = () => true,
  onTaken: (value: T) => void = () => undefined,
): Mailbox<T> {
  const values = new Set<T>();
  const parked = new Set<() => void>();
  let closed = false;

  const wake = () => {
    for (const resume of parked) resume();
    parked.clear();
  };
  const take = (): T | undefined => {
    if (!gate()) return undefined;
    for (const value of values) {
      values.delete(value);
      onTaken(value);
      return value;
    }
    return undefined;
  };

  const iterate = (signal: AbortSignal): AsyncIterator<T, undefined> => {
    let finished = false;
    const finish = () => {
      finished = true;
      signal.removeEventListener("abort", finish);
      wake();
    };
    // One listener per reader, not per value: racing each read against the signal would leak.
    signal.addEventListener("abort", finish);
    return {
      async next() {
        for (;;) {
          if (finished || closed || signal.aborted) {
            finish();
            return { done: true, value: undefined };
          }
          const value = take();
          if (value !== undefined) return { done: false, value };
          await new Promise<void>((resolve) => parked.add(resolve));
        }
      },
      async return() {
        finish();
        return { done: true, value: undefined };
      },
    };
  };

  return {
    put(value) {
      if (closed || values.size >= maxWaiting) return false;
      values.add(value);
      wake();
      return true;
    },
    remove: (value) => void values.delete(value),
    wake,
    close() {
      closed = true;
      values.clear();
      wake();
    },
    read: (signal) => ({ [Symbol.asyncIterator]: () => iterate(signal) }),
  };
}
