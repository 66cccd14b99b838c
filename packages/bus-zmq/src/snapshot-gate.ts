import { setImmediate as nextTurn } from "node:timers/promises";
import type { SnapshotRequest, StixObject } from "@tb/misp-core";
import { createMailbox } from "./mailbox.ts";

/** A snapshot request that may be given up by who asked. */
export interface ZmqSnapshotRequest extends SnapshotRequest {
  /** Aborts when nobody waits for the rest any more; `send` then does nothing. */
  readonly signal: AbortSignal;
}

/** One that takes nothing for so long is not being sent, and must not keep others from theirs: its place is free until it goes on. */
const stalledAfterMs = 2_000;

/** Hands snapshot requests to the program, so many at a time; the others wait. */
export interface SnapshotGate {
  /** False: too many wait. */
  request(options: {
    readonly sinceMs: number;
    readonly signal: AbortSignal;
    readonly send: (chunk: readonly StixObject[]) => Promise<void>;
  }): boolean;
  read(signal: AbortSignal): AsyncIterable<ZmqSnapshotRequest>;
  close(): void;
}

export function createSnapshotGate(maxAtATime: number, maxWaiting: number): SnapshotGate {
  const active = new Set<ZmqSnapshotRequest>();
  const requests = createMailbox<ZmqSnapshotRequest>(
    maxWaiting,
    () => active.size < maxAtATime,
    (request) => active.add(request),
  );

  return {
    request({ sinceMs, signal, send }) {
      if (signal.aborted) return true;
      let over = false;
      const finish = () => {
        over = true;
        signal.removeEventListener("abort", finish);
        requests.remove(request);
        active.delete(request);
        requests.wake();
      };
      const request: ZmqSnapshotRequest = {
        sinceMs,
        signal,
        async send(chunk) {
          // A caller that reads a large index in a loop must not keep everything else waiting, also when nobody listens.
          if (over) return nextTurn();
          const stalled = setTimeout(() => {
            active.delete(request);
            requests.wake();
          }, stalledAfterMs);
          try {
            await send(chunk);
          } finally {
            clearTimeout(stalled);
            if (!over) active.add(request);
          }
        },
        async end() {
          finish();
        },
      };
      signal.addEventListener("abort", finish);
      return requests.put(request);
    },
    read: requests.read,
    close: requests.close,
  };
}
