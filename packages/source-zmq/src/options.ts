import { isIPv6 } from "node:net";
import { describeUnknownOption } from "@tb/misp-core";
import { ZmqSourceError, type ZmqSourceErrorCode } from "./zmq-source-error.ts";

/** Where MISP publishes, and how much may wait here. */
export interface ZmqSourceOptions {
  /** MISP's `Plugin.ZeroMQ_host`, as seen from here: a name, looked up as IPv4 at each attempt, or an address. */
  readonly host: string;
  /** MISP's `Plugin.ZeroMQ_port`. @default 50000 */
  readonly port?: number;
  /**
   * Topics, compared for equality.
   * @default ["misp_json_attribute", "misp_json_tag", "misp_json_event", "misp_json"]
   */
  readonly topics?: readonly string[];
  /** PLAIN authentication, which sends both in the clear. Both or neither. @default no authentication */
  readonly username?: string;
  readonly password?: string;
  /**
   * Times given out so far were not later than this, milliseconds since the epoch: what arrives now counts as observed after
   * it, even when the clock has gone back since.
   * @default 0
   */
  readonly observedAfterMs?: number;
  /** Messages that may wait for the reader; what comes beyond is lost and counted as a gap. At least 1. @default 500000 */
  readonly maxQueuedMessages?: number;
  /** The same in bytes of their bodies. A single message above it never finds room. @default 268435456 (256 MiB) */
  readonly maxQueuedBytes?: number;
  /** Messages in one batch at most. At least 1. @default 2000 */
  readonly maxBatch?: number;
}

/** {@link ZmqSourceOptions} with nothing left open. */
export interface Settings {
  readonly address: string;
  readonly ipv6: boolean;
  readonly topics: ReadonlySet<string>;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly observedAfterMs: number;
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  readonly maxBatch: number;
}

/** MISP's names for the kinds of messages that indicators depend on. */
export const defaultTopics: readonly string[] = [
  "misp_json_attribute",
  "misp_json_tag",
  "misp_json_event",
  "misp_json",
];

const optionNames: readonly (keyof ZmqSourceOptions)[] = [
  "host",
  "port",
  "topics",
  "username",
  "password",
  "observedAfterMs",
  "maxQueuedMessages",
  "maxQueuedBytes",
  "maxBatch",
];

/** Beyond it, the year 2248, adding 0.001 to a double need not change it. */
const maxTimeMs = 2 ** 43;

/** Checks options and fills in defaults. Throws {@link ZmqSourceError}. */
export function toSettings(options: ZmqSourceOptions): Settings {
  const { host, port = 50_000, topics = defaultTopics, username, password, observedAfterMs = 0 } = options;
  const unknown = describeUnknownOption(options, optionNames);
  if (unknown !== undefined) fail("unknown_option", unknown);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    fail("invalid_port", `port is ${port}; expected 1 to 65535, MISP's default is 50000`);
  }
  if (
    !Array.isArray(topics) ||
    topics.length === 0 ||
    topics.some((topic) => typeof topic !== "string" || topic === "" || topic.includes(" "))
  ) {
    fail("invalid_topics", "topics must be names without spaces, at least one, such as misp_json_attribute");
  }
  if (!Number.isFinite(observedAfterMs) || observedAfterMs < 0 || observedAfterMs > maxTimeMs) {
    fail("invalid_time", `observedAfterMs is ${observedAfterMs}; expected milliseconds since the epoch`);
  }
  return {
    ...toAddress(host, port),
    topics: new Set(topics),
    credentials: toCredentials(username, password),
    observedAfterMs,
    maxQueuedMessages: bound("maxQueuedMessages", options.maxQueuedMessages, 500_000),
    maxQueuedBytes: bound("maxQueuedBytes", options.maxQueuedBytes, 256 * 1024 * 1024),
    maxBatch: bound("maxBatch", options.maxBatch, 2_000),
  };
}

/** libzmq throws at once for a name that it cannot parse, and looks for one that merely does not exist for ever. */
function toAddress(host: string, port: number): { readonly address: string; readonly ipv6: boolean } {
  const bare = typeof host === "string" && host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  // Only for addresses: with IPv6 on, libzmq takes a name's IPv6 address alone, where MISP by default does not listen.
  const ipv6 = typeof bare === "string" && isIPv6(bare);
  if (ipv6) return { address: `tcp://[${bare}]:${port}`, ipv6 };
  if (typeof host !== "string" || !/^[a-z0-9][a-z0-9._-]*$/i.test(host)) {
    fail("invalid_host", `host is ${JSON.stringify(host)}; expected a host name or an address, such as misp.example`);
  }
  return { address: `tcp://${host}:${port}`, ipv6 };
}

function toCredentials(username: string | undefined, password: string | undefined): Settings["credentials"] {
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined) {
    return fail("invalid_credentials", "username and password belong together: set both or neither");
  }
  for (const text of [username, password]) {
    if (typeof text === "string" && text !== "" && Buffer.byteLength(text) <= 255) continue;
    fail("invalid_credentials", "username and password must have 1 to 255 bytes: ZeroMQ's PLAIN has no room for more");
  }
  return { username, password };
}

function bound(name: string, value: number | undefined, byDefault: number): number {
  const bounded = value ?? byDefault;
  if (Number.isInteger(bounded) && bounded > 0) return bounded;
  return fail("invalid_bound", `${name} is ${bounded}; expected a whole number above 0`);
}

function fail(code: ZmqSourceErrorCode, message: string): never {
  throw new ZmqSourceError(code, message);
}
