/** Everything that can go wrong between here and an answer from MISP. */
export type MispApiErrorCode =
  /** Options that no client can be made of. */
  | "invalid-options"
  /** The name does not resolve, nothing listens, the connection broke off, or what answers is no web server. */
  | "unreachable"
  | "timeout"
  /** The proxy refuses to connect to MISP. */
  | "proxy"
  /** MISP's certificate was issued by an authority that is not known here. */
  | "unknown-ca"
  /** Any other failure of the encryption: a certificate that has expired or is for another name, a client certificate that is wanted. */
  | "tls"
  /** No redirect is followed: it would carry the key to wherever it points. */
  | "redirect"
  /** MISP does not accept the key. It says so with 403, never with 401 (recorded). */
  | "unauthorized"
  /** MISP accepts the key, and its role may not do this. */
  | "forbidden"
  | "not-found"
  | "rate-limited"
  /** The key's role may not search at all: MISP answers 405. */
  | "searches-not-allowed"
  /** MISP said no, and why. */
  | "refused"
  | "server-error"
  /** An answer that is no JSON: most likely not MISP's own but that of something in between. */
  | "not-json"
  /** The answer ends or breaks in the middle. */
  | "truncated"
  /** The answer is larger than `maxResponseBytes`. */
  | "too-large"
  /** JSON of a shape that MISP is not known to answer with, such as the API description that it gives to a GET. */
  | "unexpected-answer"
  /** The client was disposed of. */
  | "closed";

/** What a failed request leaves to decide with. */
export interface MispApiErrorDetails {
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** The HTTP status, when there was an answer. */
  readonly status?: number;
  /** When MISP, or what stands before it, is willing to answer again: milliseconds since the epoch. */
  readonly retryAtMs?: number;
  /** What led to it, without any secret in it. */
  readonly cause?: Error;
}

/**
 * A request that brought no usable answer. The message says what happened, where, and what to do, and ends with the code.
 * Neither it nor its cause nor anything else in it contains the key or a password (`redaction.test.ts`).
 */
export class MispApiError extends Error {
  override readonly name = "MispApiError";
  readonly code: MispApiErrorCode;
  readonly retryable: boolean;
  /** Declared only, so that what is unknown is no property. */
  declare readonly status?: number;
  declare readonly retryAtMs?: number;
  constructor(code: MispApiErrorCode, message: string, details: MispApiErrorDetails) {
    super(`${message} (${code})`, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable;
    if (details.status !== undefined) this.status = details.status;
    if (details.retryAtMs !== undefined) this.retryAtMs = details.retryAtMs;
  }
}
