/** Milliseconds since the epoch as STIX writes a time: RFC 3339, UTC, three decimals. */
export function toStixTimestamp(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: formatting a given time reads no clock
  return new Date(ms).toISOString();
}
