import type { ReconcileOutcome, ReconcileProgress } from "./reconcile.ts";

const progressEveryMs = 10_000;

/** What came of it. */
export interface ReconcileAnswer extends ReconcileOutcome {
  readonly tookMs: number;
  /** What it brings to the bus, or would. */
  readonly announced: number;
  readonly removed: number;
}

export function describeAnswer({ listed, events, rows, absent, announced, removed, tookMs }: ReconcileAnswer): string {
  const seconds = (tookMs / 1000).toFixed(1);
  if (events === 0 && absent === 0) return `reconciled: none of ${listed} events differs (${seconds} s)`;
  const gone = absent === 0 ? "" : `, ${absent} attributes are no longer there`;
  return `reconciled: read ${events} of ${listed} events with ${rows} attributes${gone}; ${announced} announced, ${removed} removed meanwhile (${seconds} s)`;
}

/** A line at most every 10 s, so that a short reconcile says nothing before its end. */
export function startProgress(now: () => number, say: (text: string) => void) {
  const startedAtMs = now();
  let saidAtMs = startedAtMs;
  return {
    tell(progress: ReconcileProgress) {
      if (now() - saidAtMs < progressEveryMs) return;
      saidAtMs = now();
      say(`reconciling: ${describeProgress(progress, now() - startedAtMs)}`);
    },
  };
}

/** `120 of 20000 events, 6000 attributes, 9800 a second, about 100 s left`. */
export function describeProgress({ events, eventsInAll, rows }: ReconcileProgress, tookMs: number): string {
  const seconds = tookMs / 1000;
  const rate = seconds > 0 ? Math.round(rows / seconds) : 0;
  const left = events > 0 ? `, about ${Math.ceil((seconds / events) * (eventsInAll - events))} s left` : "";
  return `${events} of ${eventsInAll} events, ${rows} attributes, ${rate} a second${left}`;
}
