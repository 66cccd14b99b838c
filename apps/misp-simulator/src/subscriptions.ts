/** Who subscribes to what, as an XPUB socket tells it. */
export interface Subscriptions {
  /** How many subscriptions there are to exactly this prefix. */
  count(prefix: string): number;
  /** Resolves when there are so many; at once when there are already. Rejects when `signal` aborts or the publisher closes. */
  atLeast(prefix: string, count: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

interface Waiter {
  readonly prefix: string;
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The book-keeping: `take` is called with each message that the socket reads. */
export function createSubscriptions(): Subscriptions & {
  take(message: Uint8Array): void;
  /** All connections are gone. */
  clear(): void;
  close(): void;
} {
  const counts = new Map<string, number>();
  const waiters = new Set<Waiter>();

  function set(prefix: string, count: number): void {
    counts.set(prefix, count);
    for (const waiter of waiters) {
      if (waiter.prefix !== prefix || count < waiter.count) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  }

  const count = (prefix: string): number => counts.get(prefix) ?? 0;
  return {
    count,
    async atLeast(prefix, wanted, { signal } = {}) {
      if (count(prefix) >= wanted) return;
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = { prefix, count: wanted, resolve, reject };
        waiters.add(waiter);
        const onAbort = (): void => {
          waiters.delete(waiter);
          reject(new Error(`${count(prefix)} of ${wanted} subscribed to "${prefix}"`));
        };
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    },
    take(message) {
      const prefix = new TextDecoder().decode(message.subarray(1));
      set(prefix, Math.max(0, count(prefix) + (message[0] === 1 ? 1 : -1)));
    },
    clear() {
      for (const prefix of counts.keys()) set(prefix, 0);
    },
    close() {
      for (const { reject } of waiters) reject(new Error("the publisher was closed"));
      waiters.clear();
    },
  };
}
