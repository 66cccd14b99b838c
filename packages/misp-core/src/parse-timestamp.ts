const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * A STIX time in milliseconds since the epoch, without fractions of one; undefined when it is none. STIX wants UTC; a time with an
 * offset says the same and is taken too. Days that a month does not have are none: engines roll them over into the next month.
 */
export function parseStixTimestamp(value: unknown): number | undefined {
  const parts = typeof value === "string" && value.length <= 64 ? rfc3339.exec(value) : null;
  if (parts === null) return undefined;
  const [text, year, month, day, hour] = parts;
  if (Number(day) > daysInMonth(Number(year), Number(month)) || Number(hour) > 23) return undefined;
  // biome-ignore lint/style/noRestrictedGlobals: reading a given time reads no clock
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
