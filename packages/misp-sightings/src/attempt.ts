import type { SightingRow } from "@tb/misp-core";
import type { Clock } from "./clock.ts";
import type { SendAnswer, SendSighting } from "./send.ts";

/** Tries that are under way. */
export interface Attempts {
  /** Calls `answered` once, unless all were given up before. */
  start(row: SightingRow, answered: (answer: SendAnswer) => void): void;
  running(): number;
  /** Nobody waits for an answer any more. */
  giveUp(): void;
}

/** Runs tries, each with a time limit of its own: one that never answers must not keep its place for ever. */
export function createAttempts(send: SendSighting, timeoutMs: number, clock: Clock): Attempts {
  const running = new Set<() => void>();
  return {
    start(row, answered) {
      const controller = new AbortController();
      const settle = (answer: SendAnswer) => {
        if (!running.delete(stop)) return;
        cancel();
        answered(answer);
      };
      const stop = () => {
        cancel();
        controller.abort();
      };
      running.add(stop);
      const cancel = clock.after(timeoutMs, () => {
        controller.abort();
        settle({ outcome: "retry", detail: `no answer within ${timeoutMs} ms` });
      });
      callSend(send, row, controller.signal).then(settle);
    },
    running: () => running.size,
    giveUp() {
      const all = [...running];
      running.clear();
      for (const stop of all) stop();
    },
  };
}

async function callSend(send: SendSighting, row: SightingRow, signal: AbortSignal): Promise<SendAnswer> {
  try {
    const { retryAtMs, ...answer } = await send(row, signal);
    // Not a number, as an unreadable header becomes: no time at all.
    return retryAtMs === undefined || Number.isNaN(retryAtMs) ? answer : { ...answer, retryAtMs };
  } catch (error) {
    return { outcome: "retry", detail: error instanceof Error ? error.message : String(error) };
  }
}
