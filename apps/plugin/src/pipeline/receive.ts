import { type Change, decode, type Notification, type Source } from "@tb/misp-core";
import type { Counters } from "../counters.ts";

/** Decoded changes, and the acknowledgements of the batches they came in. */
interface Received {
  readonly changes: readonly Change[];
  ack(): void;
}

/** What a source brought and nobody has committed yet. */
export interface Receiver {
  /** All that has arrived since the last call; waits for something when there is nothing. Undefined once reading has ended. */
  take(): Promise<Received | undefined>;
}

/**
 * Reads and decodes while the last transaction runs, so that a batch is whatever arrived meanwhile. Stops pulling from the
 * source at `maxChanges`: what a source cannot hold back it bounds and counts itself.
 */
export function startReceiving(
  source: Source,
  options: {
    readonly signal: AbortSignal;
    readonly counters: Counters;
    readonly maxChanges: number;
    readonly onRefused: (reason: string, detail: string) => void;
    /** Notifications that change nothing here, such as those of sightings. */
    readonly onOther?: ((notification: Notification) => void) | undefined;
  },
): Receiver {
  const { signal, counters, maxChanges, onRefused, onOther } = options;
  let changes: Change[] = [];
  let acks: (() => void)[] = [];
  let ended = false;
  let failure: unknown;
  let wake: (() => void) | undefined;
  let makeRoom: (() => void) | undefined;

  const pull = async () => {
    for await (const batch of source.read({ signal })) {
      counters.increment("received", undefined, batch.notifications.length);
      for (const notification of batch.notifications) {
        const decoded = decode(notification);
        if (decoded.ok) {
          if (decoded.changes.length === 0) onOther?.(notification);
          for (const change of decoded.changes) changes.push(change);
        } else {
          counters.increment("refused", decoded.reason);
          onRefused(decoded.reason, decoded.detail);
        }
      }
      acks.push(batch.ack);
      wake?.();
      if (changes.length >= maxChanges) await new Promise<void>((resolve) => (makeRoom = resolve));
    }
  };
  pull()
    .catch((error: unknown) => (failure = error))
    .finally(() => {
      ended = true;
      wake?.();
    });

  return {
    async take() {
      if (acks.length === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
      wake = undefined;
      if (acks.length === 0) {
        if (failure !== undefined) throw failure;
        return undefined;
      }
      const taken = { changes, acks };
      changes = [];
      acks = [];
      makeRoom?.();
      makeRoom = undefined;
      return {
        changes: taken.changes,
        ack() {
          for (const ack of taken.acks) ack();
        },
      };
    },
  };
}
