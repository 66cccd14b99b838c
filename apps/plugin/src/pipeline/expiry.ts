import type { StoreView } from "@tb/misp-core";

/**
 * A timer counts the time that passes, not the clock: after it was set forward or back, or the machine slept, this is how late
 * that is noticed. A look costs one key.
 */
const maxWaitMs = 60_000;
/** Before what was left due is tried again: it must not keep the program busy. */
const againMs = 1_000;

/** Ends announcements when their time is over. */
export interface Expiry {
  /** A transaction may have brought something that is due earlier. */
  wake(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** Waits for whatever is due next, and calls `expire` with the time. One timer, however many entries there are. */
export function startExpiry(
  view: StoreView,
  options: {
    readonly expire: (nowMs: number) => Promise<unknown>;
    readonly now: () => number;
    readonly onError: (error: unknown) => void;
  },
): Expiry {
  const { expire, now, onError } = options;
  let timer: NodeJS.Timeout | undefined;
  let armedForMs = Number.POSITIVE_INFINITY;
  let running: Promise<void> | undefined;
  let stopped = false;

  const arm = (pauseMs: number) => {
    if (stopped || running !== undefined) return;
    const dueMs = nextDueAtMs(view);
    if (timer !== undefined && dueMs >= armedForMs) return;
    clearTimeout(timer);
    armedForMs = dueMs;
    const waitMs = dueMs - now();
    timer = setTimeout(run, waitMs > 0 ? Math.min(maxWaitMs, waitMs) : pauseMs);
  };
  const run = () => {
    timer = undefined;
    armedForMs = Number.POSITIVE_INFINITY;
    running = expire(now())
      .then(() => undefined, onError)
      .finally(() => {
        running = undefined;
        arm(againMs);
      });
  };

  arm(0);
  return {
    wake: () => arm(0),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

function nextDueAtMs(view: StoreView): number {
  const [id] = view.dueBetween(0, Number.POSITIVE_INFINITY, 1);
  return (id === undefined ? undefined : view.entry(id)?.dueAtMs) ?? Number.POSITIVE_INFINITY;
}
