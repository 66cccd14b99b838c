import { internalError, type RestAnswer, refusal } from "./answer.ts";
import type { RestFailure } from "./failures.ts";

/** MISP's refusal of searches altogether. */
export const searchesNotAllowed = "API searches are not allowed for this user role.";

const page = "<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n";

/** What is said instead of carrying the request out; undefined: it is carried out. */
export function answerInstead(failures: readonly RestFailure[], url: string): RestAnswer | undefined {
  for (const failure of failures) {
    switch (failure.kind) {
      case "rate-limit":
        return refusal(429, "Rate limit exceeded.", url, {
          "X-Rate-Limit-Limit": "0",
          "X-Rate-Limit-Remaining": "0",
          "X-Rate-Limit-Reset": String(failure.resetSeconds ?? 60),
          ...(failure.retryAfter !== undefined && { "Retry-After": String(failure.retryAfter) }),
        });
      case "html":
        return { status: failure.status ?? 502, headers: { "Content-Type": "text/html; charset=UTF-8" }, body: page };
      case "redirect":
        return {
          status: failure.status ?? 302,
          headers: { "Content-Type": "text/html; charset=UTF-8", Location: failure.location },
          body: "",
        };
      case "searches-not-allowed":
        return refusal(405, searchesNotAllowed, url);
      case "internal-error":
        return internalError(url);
      case "answer":
        return { status: failure.status, headers: failure.headers ?? {}, body: failure.body ?? "" };
      default:
    }
  }
  return undefined;
}
