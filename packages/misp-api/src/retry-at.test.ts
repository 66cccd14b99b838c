import { expect, it } from "vitest";
import { readRetryAt } from "./retry-at.ts";

const now = Date.UTC(2026, 10, 24, 12);
const read = (headers: Record<string, string>) => {
  const moment = readRetryAt(new Headers(headers), now);
  return moment === undefined ? undefined : (moment - now) / 1000;
};

it.each<[Record<string, string>, number | undefined]>([
  [{ "X-Rate-Limit-Reset": "900" }, 900],
  [{ "X-Rate-Limit-Reset": "0" }, 0],
  [{ "X-Rate-Limit-Reset": String(now / 1000 + 60) }, 60],
  [{ "Retry-After": "120" }, 120],
  [{ "Retry-After": "Tue, 24 Nov 2026 12:01:00 GMT" }, 60],
  [{ "Retry-After": "Tue, 24 Nov 2026 11:00:00 GMT" }, 0],
  [{ "Retry-After": "10", "X-Rate-Limit-Reset": "20" }, 20],
  [{ "Retry-After": "20", "X-Rate-Limit-Reset": "10" }, 20],
  [{ "X-Rate-Limit-Reset": "-2" }, undefined],
  [{ "Retry-After": "soon" }, undefined],
  [{ "Retry-After": "999999" }, 86_400],
  [{}, undefined],
])("%j: %s s", (headers, seconds) => {
  expect(read(headers)).toBe(seconds);
});
