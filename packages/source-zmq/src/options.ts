import { ZmqSourceError } from "./zmq-source-error.ts";

/** Where MISP publishes, and how much may wait here. */
export interface ZmqSourceOptions {
  /** MISP's `Plugin.ZeroMQ_host`, as seen from here: a name or an address. */
  readonly host: string;
  /** MISP's `Plugin.ZeroMQ_port`. @default 50000 */
  readonly port?: number;
  /** Topics, compared for equality. @default attribute, tag, event and publish messages */
  readonly topics?: readonly string[];
  /** PLAIN authentication, which sends both in the clear. Both or neither. */
  readonly username?: string;
  readonly password?: string;
  /**
   * Times given out so far were not later than this, milliseconds since the epoch: what arrives now counts as observed after
   * it, even when the clock has gone back since.
   * @default 0
   */
  readonly observedAfterMs?: number;
  /** Messages that may wait for the reader; what comes beyond is lost and counted as a gap. @default 500000 */
  readonly maxQueuedMessages?: number;
  /** The same in bytes. @default 256 MiB */
  readonly maxQueuedBytes?: number;
  /** Messages in one batch at most. @default 2000 */
  readonly maxBatch?: number;
}

/** {@link ZmqSourceOptions} with nothing left open. */
export interface Settings {
  readonly address: string;
  readonly topics: ReadonlySet<string>;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly observedAfterMs: number;
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  readonly maxBatch: number;
}

/** MISP's names for the kinds of messages that indicators depend on. */
const defaultTopics = ["misp_json_attribute", "misp_json_tag", "misp_json_event", "misp_json"];

/** Checks options and fills in defaults. Throws {@link ZmqSourceError}. */
export function toSettings(options: ZmqSourceOptions): Settings {
  const { host, port = 50_000, topics = defaultTopics, username, password, observedAfterMs = 0 } = options;
  if (host === "" || /[\s/]/.test(host)) {
    throw new ZmqSourceError(
      "invalid_host",
      `host is ${JSON.stringify(host)}; expected a host name or an address, such as misp.example`,
    );
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ZmqSourceError("invalid_port", `port is ${port}; expected 1 to 65535, MISP's default is 50000`);
  }
  if (topics.length === 0 || topics.some((topic) => topic === "" || topic.includes(" "))) {
    throw new ZmqSourceError(
      "invalid_topics",
      "topics must be names without spaces, at least one, such as misp_json_attribute",
    );
  }
  if ((username === undefined) !== (password === undefined)) {
    throw new ZmqSourceError("invalid_credentials", "username and password belong together: set both or neither");
  }
  for (const text of [username, password]) {
    if (text !== undefined && (text === "" || Buffer.byteLength(text) > 255)) {
      throw new ZmqSourceError(
        "invalid_credentials",
        "username and password must have 1 to 255 bytes: ZeroMQ's PLAIN has no room for more",
      );
    }
  }
  return {
    // An IPv6 address needs brackets to be told from its port.
    address: `tcp://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`,
    topics: new Set(topics),
    credentials: username === undefined || password === undefined ? undefined : { username, password },
    observedAfterMs,
    maxQueuedMessages: bound("maxQueuedMessages", options.maxQueuedMessages, 500_000),
    maxQueuedBytes: bound("maxQueuedBytes", options.maxQueuedBytes, 256 * 1024 * 1024),
    maxBatch: bound("maxBatch", options.maxBatch, 2_000),
  };
}

function bound(name: string, value: number | undefined, byDefault: number): number {
  const bounded = value ?? byDefault;
  if (Number.isInteger(bounded) && bounded > 0) return bounded;
  throw new ZmqSourceError("invalid_bound", `${name} is ${bounded}; expected a whole number above 0`);
}
