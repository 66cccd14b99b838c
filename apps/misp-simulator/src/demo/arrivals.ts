/** What comes from a stream, one by one, with a limit to the waiting. */
export interface Arrivals<Item> {
  push(item: Item): void;
  /** No more will come. Whoever waits, now or later, gets this error. */
  fail(error: Error): void;
  /** Why no more will come, if that is so. */
  readonly failure: Error | undefined;
  /** The next one; undefined when none came in time. One caller at a time. */
  next(timeoutMs: number): Promise<Item | undefined>;
  /** What has come and was not asked for yet. */
  rest(): Item[];
}

/** An empty queue. */
export function createArrivals<Item>(): Arrivals<Item> {
  let items: Item[] = [];
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  return {
    push(item) {
      items.push(item);
      wake?.();
    },
    fail(error) {
      failure ??= error;
      wake?.();
    },
    get failure() {
      return failure;
    },
    async next(timeoutMs) {
      if (items.length === 0 && failure === undefined) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, timeoutMs);
        });
        clearTimeout(timer);
        wake = undefined;
      }
      const item = items.shift();
      if (item === undefined && failure !== undefined) throw failure;
      return item;
    },
    rest() {
      const rest = items;
      items = [];
      return rest;
    },
  };
}
