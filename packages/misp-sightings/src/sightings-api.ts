import type { SightingType } from "@tb/misp-core";
import type { SendAnswer } from "./send.ts";

/** What a sighting says in MISP. */
export interface SightingContent {
  readonly type: SightingType;
  /** Whole seconds since the epoch. */
  readonly timestamp: number;
  readonly source: string;
}

/** How long a request may go on. */
export interface SightingRequestOptions {
  readonly signal: AbortSignal;
}

/**
 * What is needed of MISP's REST API, as `@tb/misp-api` offers it. Methods reject when there is no usable answer. Of the error are
 * read: `code` (`unauthorized` and `forbidden`: the key; `server-error` and `refused`: MISP did not take this request) and
 * `retryAtMs`.
 */
export interface SightingsApi {
  /** One sighting, under a UUID that MISP chooses: to repeat it adds it again. */
  addSighting(
    sighting: SightingContent & { readonly target: { readonly attributeUuid: string } | { readonly value: string } },
    options: SightingRequestOptions,
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly detail: string }>;
  /** Sightings of one event, under our UUIDs: to repeat it adds nothing. */
  addSightings(
    eventId: number,
    sightings: readonly (SightingContent & { readonly uuid: string; readonly attributeUuid: string })[],
    options: SightingRequestOptions,
  ): Promise<
    | { readonly ok: true; readonly added: number; readonly proven: boolean }
    | { readonly ok: false; readonly reason: "invalid"; readonly index: number; readonly detail: string }
    | { readonly ok: false; readonly reason: "no-such-event"; readonly detail: string }
  >;
  /** One attribute's sightings in a window of whole seconds, both ends included. */
  findSightings(
    attributeUuid: string,
    window: { readonly from: number; readonly to: number },
    options: SightingRequestOptions,
  ): Promise<readonly { readonly uuid: string }[]>;
}

/** What a request without a usable answer means for its rows, and whether a smaller request may fare better. */
export interface Failure {
  readonly answer: SendAnswer;
  /** MISP answered that it could not take this request: one row may be to blame. Otherwise no request can succeed now. */
  readonly ofRequest: boolean;
}

export function toFailure(error: unknown): Failure {
  const detail = error instanceof Error ? error.message : String(error);
  const { code, retryAtMs } = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
  if (code === "unauthorized" || code === "forbidden") {
    return { answer: { outcome: "forbidden", detail }, ofRequest: false };
  }
  if (typeof retryAtMs === "number") return { answer: { outcome: "retry", retryAtMs, detail }, ofRequest: false };
  return { answer: { outcome: "retry", detail }, ofRequest: code === "server-error" || code === "refused" };
}
