import type { SourceStatus } from "@tb/misp-core";

export function reconnectGap(address: string): SourceStatus {
  return { state: "gap", cause: "reconnect", detail: `${address}: messages of the time without connection are lost` };
}

export function overflowGap(lost: number): SourceStatus {
  return {
    state: "gap",
    cause: "overflow",
    lost,
    detail: "messages came faster than they were taken, and found no room",
  };
}
