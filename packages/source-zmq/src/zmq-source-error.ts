/** What can be wrong with a source's options. */
export type ZmqSourceErrorCode =
  | "unknown_option"
  | "invalid_host"
  | "invalid_port"
  | "invalid_topics"
  | "invalid_credentials"
  | "invalid_time"
  | "invalid_bound";

/** Options that no source can be made of. What goes wrong later is told by `status()`. */
export class ZmqSourceError extends Error {
  override readonly name = "ZmqSourceError";
  readonly code: ZmqSourceErrorCode;
  /** The same options are as wrong the next time. */
  readonly retryable = false;
  constructor(code: ZmqSourceErrorCode, message: string) {
    super(`${message} (${code})`);
    this.code = code;
  }
}
