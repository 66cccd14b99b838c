/** 9999-12-31T23:59:59Z: the last second that a STIX timestamp can express. Milliseconds by mistake are beyond it. */
export const maxTimestamp = 253_402_300_799;

/** Milliseconds since the epoch as STIX writes a time: RFC 3339, UTC, three decimals. */
export function toStixTimestamp(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: formatting a given time reads no clock
  return new Date(ms).toISOString();
}
