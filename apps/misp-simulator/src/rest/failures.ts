import type { ParsedRequest } from "./request.ts";

/** Something that goes wrong with a request, as data, so that a command can carry it too. */
export type RestFailure =
  /** The answer comes so much later; the request is carried out at once. */
  | { readonly kind: "delay"; readonly ms: number }
  /** No answer ever; nothing is carried out. */
  | { readonly kind: "hang" }
  /** The connection is reset before anything is carried out. */
  | { readonly kind: "reset" }
  /** The request is carried out, and then the connection is reset instead of an answer. */
  | { readonly kind: "lost-answer" }
  /** 429 with `X-Rate-Limit-Reset` in seconds (@default 60), and `Retry-After` if given, as a proxy in front of MISP sends it. */
  | { readonly kind: "rate-limit"; readonly resetSeconds?: number; readonly retryAfter?: number | string }
  /** A proxy's page; nothing is carried out. @default status 502 */
  | { readonly kind: "html"; readonly status?: number }
  /**
   * The request is carried out, half of the answer arrives. `json`: as a whole answer that ends too soon; `connection`: the
   * connection breaks; `stall`: nothing more comes.
   */
  | { readonly kind: "truncate"; readonly how: "json" | "connection" | "stall" }
  /** 302 by default; nothing is carried out. */
  | { readonly kind: "redirect"; readonly location: string; readonly status?: number }
  /** The right answer under another Content-Type. */
  | { readonly kind: "content-type"; readonly value: string }
  /** 405, as for a role whose search limit is 0; searches only. */
  | { readonly kind: "searches-not-allowed" }
  /** MISP's own 500, as when its Redis is down (recorded); nothing is carried out. */
  | { readonly kind: "internal-error" }
  /** Any other answer; nothing is carried out. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Every page of a search is its first. */
  | { readonly kind: "repeat-page" }
  /** Attributes made in the latest seconds are not found yet: MISP says a row before its transaction ends. An edit hides none. */
  | { readonly kind: "lag"; readonly seconds: number };

/** Which requests a failure hits. By default all, until it is healed. */
export interface FailureScope {
  /** Only requests whose path begins so. */
  readonly path?: string;
  /** So many matching requests go well first. @default 0 */
  readonly after?: number;
  /** So many fail, then it is over. @default Infinity */
  readonly times?: number;
}

/** The failures that are switched on. */
export interface Failures {
  add(failure: RestFailure, scope: FailureScope): void;
  clear(): void;
  /** Those that hit this request, in the order in which they were switched on; each is counted. */
  take(request: ParsedRequest): readonly RestFailure[];
}

/** No failures. */
export function createFailures(): Failures {
  let active: { readonly failure: RestFailure; readonly path: string; after: number; times: number }[] = [];
  return {
    add(failure, { path = "", after = 0, times = Number.POSITIVE_INFINITY }) {
      active.push({ failure, path, after, times });
    },
    clear() {
      active = [];
    },
    take(request) {
      const hits: RestFailure[] = [];
      for (const entry of active) {
        if (!request.path.startsWith(entry.path)) continue;
        if (entry.failure.kind === "searches-not-allowed" && request.action !== "restSearch") continue;
        if (entry.after > 0) {
          entry.after--;
          continue;
        }
        entry.times--;
        hits.push(entry.failure);
      }
      active = active.filter(({ times }) => times > 0);
      return hits;
    },
  };
}
