import type { Bus, Source, SourceStatus } from "@tb/misp-core";
import type { LimitedLog } from "./limit-repeats.ts";
import type { Log } from "./log.ts";

/** Puts into words what source and bus say about their connections; once `signal` has aborted, that a bus goes down is no news. */
export function watchConnections(
  source: Source,
  bus: Bus,
  options: {
    readonly log: Log;
    readonly limited: LimitedLog;
    readonly signal: AbortSignal;
    readonly onSource: (status: SourceStatus) => void;
  },
): void {
  const { log, limited, signal, onSource } = options;
  const followSource = async () => {
    let isFirst = true;
    for await (const status of source.status()) {
      onSource(status);
      const begins = isFirst && status.state === "disconnected";
      isFirst = false;
      if (begins) {
        // Nothing is wrong: it has only just begun.
        log.info({}, status.detail);
      } else if (status.state === "gap") {
        const { cause, lost, detail } = status;
        limited.warn(`gap ${cause}`, { cause }, `possible gap: ${lost === undefined ? "" : `${lost} `}${detail}`);
      } else if (status.state === "connected") {
        log.info({}, `connected: ${status.detail}`);
      } else if (status.state === "partial") {
        log.error({}, `not ready: ${status.detail}`);
      } else if (status.state !== "closed") {
        limited.warn(status.state, {}, `${status.state.replace("-", " ")}: ${status.detail}`);
      }
    }
  };
  const followBus = async () => {
    for await (const status of bus.status()) {
      if (status.state !== "up" && !signal.aborted)
        limited.warn(`bus ${status.state}`, {}, `bus ${status.state}: ${status.detail}`);
    }
  };
  // Statuses end with their source or bus; what went wrong there is told by reading or publishing.
  followSource().catch(() => undefined);
  followBus().catch(() => undefined);
}
