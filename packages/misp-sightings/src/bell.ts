/** Wakes whoever waits for something to change. */
export interface Bell {
  ring(): void;
  /** Resolves with the next ring. */
  next(): Promise<void>;
}

export function createBell(): Bell {
  let waiting: (() => void)[] = [];
  return {
    ring() {
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
  };
}
