import type { SourceStatus } from "@tb/misp-core";

/** A possible gap in what was received. */
export type Gap = Extract<SourceStatus, { readonly state: "gap" }>;

export function reconnectGap(address: string): Gap {
  return { state: "gap", cause: "reconnect", detail: `${address}: messages of the time without connection are lost` };
}

export function overflowGap(lost: number): Gap {
  const detail = `${lost} messages came faster than they were taken, found no room and are lost`;
  return { state: "gap", cause: "overflow", lost, detail };
}

/** One gap for two of the same cause. */
export function mergeGaps(older: Gap, newer: Gap): Gap {
  return newer.cause === "overflow" ? overflowGap((older.lost ?? 0) + (newer.lost ?? 0)) : newer;
}
