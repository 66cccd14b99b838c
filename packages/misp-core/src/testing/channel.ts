/** Values on their way from a test to whoever reads them. */
export interface Channel<T> {
  put(value: T): void;
  /** Readers get what is there, and then end. */
  close(): void;
  /** Takes values one by one; several readers share them. Abort and `return` end a pending read, and take nothing. */
  read(signal?: AbortSignal): AsyncIterable<T>;
}

export function createChannel<T>(): Channel<T> {
  const values: T[] = [];
  const waiting = new Set<() => void>();
  let closed = false;

  const wakeAll = () => {
    for (const wake of waiting) wake();
    waiting.clear();
  };

  const iterate = (signal: AbortSignal | undefined): AsyncIterator<T, undefined> => {
    let finished = signal?.aborted ?? false;
    const finish = () => {
      finished = true;
      signal?.removeEventListener("abort", finish);
      wakeAll();
    };
    signal?.addEventListener("abort", finish, { once: true });
    return {
      async next() {
        for (;;) {
          if (finished) return { done: true, value: undefined };
          if (values.length > 0) return { done: false, value: values.shift() as T };
          if (closed) finish();
          else await new Promise<void>((resolve) => waiting.add(resolve));
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
      values.push(value);
      wakeAll();
    },
    close() {
      closed = true;
      wakeAll();
    },
    read: (signal) => ({ [Symbol.asyncIterator]: () => iterate(signal) }),
  };
}
