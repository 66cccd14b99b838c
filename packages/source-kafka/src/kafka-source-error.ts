/** What stands in a source's way for good. */
export type KafkaSourceErrorCode =
  /** node-rdkafka's native part is not there or does not load. */
  | "native_missing"
  | "unknown_option"
  | "invalid_topics"
  | "invalid_bound"
  /** A property of librdkafka that it refuses, or that would break what this package promises. */
  | "invalid_config";

/** Options that no source can be made of, or an installation that cannot. What goes wrong later is told by `status()`. */
export class KafkaSourceError extends Error {
  override readonly name = "KafkaSourceError";
  readonly code: KafkaSourceErrorCode;
  /** It is as wrong the next time. */
  readonly retryable = false;
  constructor(code: KafkaSourceErrorCode, message: string, cause?: unknown) {
    super(`${message} (${code})`, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
