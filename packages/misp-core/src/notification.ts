/** One message that MISP published, as a transport hands it over: nothing is decoded yet. */
export interface Notification {
  /** MISP's topic. Empty when a ZeroMQ frame had no space, so no topic; Kafka's topic names are the user's. */
  readonly topic: string;
  /** The message as received: UTF-8 JSON if MISP sent it. */
  readonly body: Uint8Array;
  /**
   * When the message counts as observed, in milliseconds since the epoch with a fraction. ZeroMQ: its arrival, strictly
   * increasing; Kafka: the record's timestamp, which may repeat and go back.
   */
  readonly observedAtMs: number;
}

/** What arrived together. Batches, not messages, cross an asynchronous boundary: a promise per message costs more than its work. */
export interface NotificationBatch {
  readonly notifications: readonly Notification[];
  /** Call it once the batch is committed. Kafka stores its offsets then; for ZeroMQ it does nothing. */
  ack(): void;
}
