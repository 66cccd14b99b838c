import { readTime } from "./read-fields.ts";

/** MISP's window is 15 minutes. What asks for more than a day is a mistake, and must not silence this program for ever. */
const longestMs = 24 * 60 * 60 * 1000;

/**
 * When an answer says that it is worth trying again, in milliseconds since the epoch: `Retry-After` in seconds or as a date,
 * MISP's `X-Rate-Limit-Reset` in seconds that are left (the time to live of its counter; a moment in epoch seconds is taken as
 * such). The later of the two, and at most a day from now.
 */
export function readRetryAt(headers: Headers, nowMs: number): number | undefined {
  const moments = [
    readSeconds(headers.get("retry-after"), nowMs) ?? readTime(headers.get("retry-after")),
    readSeconds(headers.get("x-rate-limit-reset"), nowMs),
  ].filter((moment) => moment !== undefined);
  if (moments.length === 0) return undefined;
  return Math.min(Math.max(nowMs, ...moments), nowMs + longestMs);
}

function readSeconds(text: string | null, nowMs: number): number | undefined {
  if (text === null || !/^\d{1,12}$/.test(text.trim())) return undefined;
  const seconds = Number(text);
  return seconds > 1_000_000_000 ? seconds * 1000 : nowMs + seconds * 1000;
}
