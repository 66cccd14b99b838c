import { isEmpty } from "./terms.ts";

/** Whole seconds, both ends included. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

const units: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };

/** Epoch seconds, an age such as `7d`, or a date; what MISP cannot read becomes a second from now, so that nothing is found. */
function instant(value: unknown, now: number): number {
  const text = String(value);
  if (/^\d+(\.\d+)?$/.test(text)) return Math.floor(Number(text));
  const [, count, unit = ""] = /^(\d+)([dhms])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * (units[unit] ?? 1);
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? now + 1 : Math.floor(parsed / 1000);
}

/** A time filter: since, or `[from, to]` in either order; undefined: no filter (0 is none). */
export function parseWindow(value: unknown, now: number): TimeWindow | undefined {
  if (isEmpty(value)) return undefined;
  if (!Array.isArray(value) || value.length < 2) {
    return { from: instant(Array.isArray(value) ? value[0] : value, now), to: Number.POSITIVE_INFINITY };
  }
  const [from, to] = [instant(value[0], now), instant(value[1], now)];
  return { from: Math.min(from, to), to: Math.max(from, to) };
}

/** Does a time lie in the window. */
export function within(window: TimeWindow | undefined, time: number): boolean {
  return window === undefined || (time >= window.from && time <= window.to);
}
