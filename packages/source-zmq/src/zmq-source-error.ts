/** What can be wrong with a source's options. */
export type ZmqSourceErrorCode =
  | "invalid_host"
  | "invalid_port"
  | "invalid_topics"
  | "invalid_credentials"
  | "invalid_bound";

/** Options that no source can be made of. What goes wrong later is told by `status()`. */
export class ZmqSourceError extends Error {
  override readonly name = "ZmqSourceError";
  readonly code: ZmqSourceErrorCode;
  readonly retryable = false;
  constructor(code: ZmqSourceErrorCode, message: string) {
    super(`${message} (${code})`);
    this.code = code;
  }
}
