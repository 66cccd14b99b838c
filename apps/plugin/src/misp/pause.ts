import { type Backoff, backoffMs } from "@tb/misp-sightings";

/** MISP answers 403 for a bad key (recorded), a proxy before it 401 or 403. */
const refusals: ReadonlySet<string> = new Set(["unauthorized", "forbidden"]);

/** What asks for more would keep the program from MISP for a mistake in somebody's proxy. */
const longestAskedForMs = 60 * 60 * 1000;

/** Whether an error's code says that MISP does not take the key: each further request would be one more failed login in somebody's log. */
export function isRefusal(code: string): boolean {
  return refusals.has(code);
}

/**
 * How long to leave MISP alone after a failure, milliseconds; `failures`: how many there were in a row, this one among them. What
 * nobody is likely to mend within seconds is asked for at the longest pause; MISP's side may be mended without us.
 */
export function pauseMs(
  failure: { readonly retryable: boolean; readonly retryAtMs?: number | undefined },
  failures: number,
  backoff: Backoff,
  { nowMs, random }: { readonly nowMs: number; readonly random: () => number },
): number {
  const askedForMs = Math.min((failure.retryAtMs ?? 0) - nowMs, longestAskedForMs);
  return Math.max(backoffMs(failure.retryable ? failures : Number.POSITIVE_INFINITY, backoff, random), askedForMs);
}
