import type { OutgoingHttpHeaders } from "node:http";
import { type RestAnswer, refusal } from "./answer.ts";
import { searchesNotAllowed } from "./failure-answer.ts";
import type { RestKey } from "./key.ts";

/** Counts searches by key, as MISP does for roles with a limit: attributes and events share one window. */
export interface SearchLimit {
  /** One more search: refused, or carried out with these headers. */
  count(
    key: RestKey,
    url: string,
    now: number,
  ): { readonly ok: true; readonly headers: OutgoingHttpHeaders } | { readonly ok: false; readonly answer: RestAnswer };
}

const windowSeconds = 900;

/** Nothing searched yet. */
export function createSearchLimit(): SearchLimit {
  const windows = new Map<string, { readonly endsAt: number; count: number }>();
  return {
    count(key, url, now) {
      if (key.searches === undefined) return { ok: true, headers: {} };
      const { count: limit } = key.searches;
      if (limit === 0) return { ok: false, answer: refusal(405, searchesNotAllowed, url) };
      let window = windows.get(key.key);
      if (window === undefined || window.endsAt <= now) {
        window = { endsAt: now + windowSeconds, count: 0 };
        windows.set(key.key, window);
      }
      window.count++;
      const headers = {
        "X-Rate-Limit-Limit": String(limit),
        "X-Rate-Limit-Remaining": String(Math.max(0, limit - window.count)),
        "X-Rate-Limit-Reset": String(window.endsAt - now),
      };
      if (window.count <= limit) return { ok: true, headers };
      return { ok: false, answer: refusal(429, "Rate limit exceeded.", url, headers) };
    },
  };
}
