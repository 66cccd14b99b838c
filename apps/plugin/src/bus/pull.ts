/** Where an iterable takes its values from. */
export interface Supply<T> {
  /** The next value that is there, if there is one. Called again only after `wake` or after it gave something. */
  take(): T | undefined;
  /** Nothing will come any more. Asked only when `take` had nothing. */
  over(): boolean;
  /** Begins to call `wake` whenever one of the two may have changed; gives back what ends that. Called at the first `next`. */
  subscribe(wake: () => void): () => void;
}

/**
 * An iterable over a supply: values are taken only when they are asked for. Abort, `return` and the end of the supply end a
 * pending `next` at once, which a generator parked in `await` could not, and each iterator holds one listener, not one per value.
 */
export function pull<T extends object>(supply: Supply<T>, signal?: AbortSignal): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iterate(supply, signal) };
}

function iterate<T extends object>(supply: Supply<T>, signal: AbortSignal | undefined): AsyncIterator<T, undefined> {
  const done = { done: true, value: undefined } as const;
  let finished = false;
  let unsubscribe: (() => void) | undefined;
  let waiting: { readonly woken: Promise<void>; readonly wake: () => void } | undefined;

  const wake = () => {
    waiting?.wake();
    waiting = undefined;
  };
  const finish = () => {
    finished = true;
    unsubscribe?.();
    unsubscribe = undefined;
    signal?.removeEventListener("abort", finish);
    wake();
  };

  return {
    async next() {
      for (;;) {
        if (finished || signal?.aborted) {
          finish();
          return done;
        }
        if (unsubscribe === undefined) {
          unsubscribe = supply.subscribe(wake);
          signal?.addEventListener("abort", finish);
        }
        const value = supply.take();
        if (value !== undefined) return { done: false, value };
        if (supply.over()) finish();
        else {
          waiting ??= createWait();
          await waiting.woken;
        }
      }
    },
    async return() {
      finish();
      return done;
    },
  };
}

function createWait() {
  let wake = () => {};
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  return { woken, wake };
}
