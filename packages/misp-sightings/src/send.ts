import type { SightingRow } from "@tb/misp-core";

/** What came of one try to write a row to MISP. */
export interface SendAnswer {
  /**
   * `delivered`: MISP's answer proves that the row is written, now or before. `refused`: it proves that it never will be.
   * `forbidden`: MISP refuses the key (403), so nothing else can succeed either. `retry`: everything else, also an answer that
   * proves nothing.
   */
  readonly outcome: "delivered" | "refused" | "retry" | "forbidden";
  /** With `retry`: nothing at all before this time, milliseconds since the epoch (`Retry-After`, `X-Rate-Limit-Reset`). */
  readonly retryAtMs?: number;
  /** What MISP said, for people: no secrets. */
  readonly detail: string;
}

/**
 * Writes one row to MISP. What it throws or rejects with counts as `retry`. After `signal` aborts nobody waits for the answer.
 *
 * Up to `concurrency` calls run at the same time: an implementation may collect them and write the rows of one event as one batch.
 */
export type SendSighting = (row: SightingRow, signal: AbortSignal) => Promise<SendAnswer>;
