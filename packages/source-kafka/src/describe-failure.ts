import type { Settings } from "./options.ts";

/** librdkafka's error codes that are acted upon. */
export const errorCodes = {
  assignPartitions: -175,
  revokePartitions: -174,
  allBrokersDown: -187,
  maxPollExceeded: -147,
  fatal: -150,
  unknownTopic: 3,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
} as const;

/** What went wrong, in words for a person, and what it means for the connection. */
export interface Failure {
  readonly kind: /** No broker is connected. */
    | "down"
    /** The brokers refuse us: credentials, certificates, permissions. */
    | "refused"
    /** Something that mends itself, or that another event explains. */
    | "passing";
  readonly detail: string;
  /** The client will not recover from it. */
  readonly fatal: boolean;
}

/** librdkafka's text as it was: node-rdkafka cuts it in pieces at its colons, puts them into lower case and drops some. */
export function textOf(error: unknown): string {
  const { message = String(error), stack, origin } = error as { message?: string; stack?: string; origin?: string };
  if (origin === "kafka" || origin === "local" || stack === undefined) return message;
  const [first = ""] = stack.split("\n");
  return first.replace(/^\w*Error: /, "") || message;
}

/**
 * Why a connection failed, from a line of librdkafka's log; undefined: the line is about something else. Its error events say only
 * that something failed (measured with node-rdkafka 3.6.1).
 */
export function readReason({
  fac,
  message = "",
}: {
  readonly fac?: string;
  readonly message?: string;
}): string | undefined {
  if (fac !== "FAIL") return undefined;
  return message.replace(/^\[thrd:[^\]]*\]: /, "").replace(/ \(after \d+ms in state .*\)$/, "");
}

/**
 * Puts librdkafka's errors into words. Most come with the code -1 and are told by their text alone (measured with node-rdkafka 3.6.1).
 *
 * @param reason the last one that its log gave
 */
export function describeFailure(
  { address, group }: Pick<Settings, "address" | "group">,
  error: unknown,
  reason?: string,
): Failure {
  const { code, isFatal } = error as { code?: number; isFatal?: boolean };
  const message = textOf(error);
  const failure = (kind: Failure["kind"], detail: string): Failure => ({
    kind,
    detail,
    fatal: code === errorCodes.fatal || isFatal === true,
  });
  if (code === errorCodes.maxPollExceeded) {
    return failure(
      "passing",
      `${group}: records were not taken for longer than max.poll.interval.ms; joining the group again`,
    );
  }
  if (code === errorCodes.topicAuthorizationFailed || code === errorCodes.groupAuthorizationFailed) {
    const what = code === errorCodes.groupAuthorizationFailed ? `the group ${group}` : "a topic";
    return failure("refused", `${address}: these credentials may not read ${what} (${message})`);
  }
  const isDown = code === errorCodes.allBrokersDown || /brokers? (?:are|connections are) down/i.test(message);
  // A refusal is followed by "all brokers are down", which says less.
  if (/authentication|SASL|SSL handshake|certificate/i.test(isDown ? (reason ?? "") : message)) {
    return failure(
      "refused",
      `${address}: ${reason ?? message}; user name, password, sasl.mechanism and security.protocol must be the broker's`,
    );
  }
  if (!isDown) return failure("passing", `${address}: ${message}`);
  const why = reason === undefined ? "" : ` (${reason})`;
  return failure("down", `${address}: no broker can be reached${why}; trying again, at least every 10 s`);
}
