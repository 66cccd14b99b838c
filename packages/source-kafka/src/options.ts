import { describeUnknownOption } from "@tb/misp-core";
import { KafkaSourceError, type KafkaSourceErrorCode } from "./kafka-source-error.ts";

/** Which topics to read, and how. */
export interface KafkaSourceOptions {
  /**
   * Names of topics, as configured in MISP (`Plugin.Kafka_…_notifications_topic`). What starts with `^` is a regular expression of
   * librdkafka's.
   */
  readonly topics: readonly string[];
  /**
   * Properties of librdkafka, passed on unchanged; `bootstrap.servers` is needed. Where it is silent, the README has what holds.
   * https://github.com/confluentinc/librdkafka/blob/v2.12.0/CONFIGURATION.md
   */
  readonly config: Readonly<Record<string, unknown>>;
  /**
   * The longest that one wait for records lasts, milliseconds, 1 or more. A record that comes is handed over at once, so this is how often the
   * loop looks up when nothing does. Above 1000 it counts as 1000: a wait cannot be interrupted, and disposal has to wait for it.
   * @default 1000
   */
  readonly pollIntervalMs?: number;
  /**
   * Whoever reads remembers nothing, whatever the group has committed: each partition is read from the oldest record that the
   * broker still has, and the group's offsets are set back before the first record is handed over.
   * @default false
   */
  readonly fromBeginning?: boolean;
  /** Records in one batch at most. At least 1. @default 1000, from where on throughput hardly grows (measured) */
  readonly maxBatch?: number;
}

/**
 * Properties that librdkafka keeps per topic (scope "consumer", not deprecated). In the global config the binding accepts them and
 * they do nothing, since it always sets a topic config beside it (measured with node-rdkafka 3.6.1).
 */
const topicProperties: ReadonlySet<string> = new Set(["auto.offset.reset", "consume.callback.max.messages"]);

type Properties = Readonly<Record<string, string | number | boolean>>;

/** {@link KafkaSourceOptions} with nothing left open. */
export interface Settings {
  readonly topics: readonly string[];
  readonly config: Properties;
  readonly topicConfig: Properties;
  /** For texts: where the brokers are. */
  readonly address: string;
  /** For texts. */
  readonly group: string;
  readonly pollIntervalMs: number;
  readonly fromBeginning: boolean;
  readonly maxBatch: number;
}

/** What holds where the user's config is silent. */
const defaults = {
  "group.id": "threatbus-misp",
  "client.id": "threatbus-misp",
  // Without committed offsets: all that the broker still has. librdkafka's default skips it.
  "auto.offset.reset": "earliest",
  // The default of 64 MiB is what a slow store makes this process grow by. A small queue is slow (6,100 records a second
  // instead of 92,900) unless it is refilled sooner than after the default of 1000 ms (then 121,800; all measured).
  "queued.max.messages.kbytes": 8_192,
  "fetch.queue.backoff.ms": 10,
  // How soon a topic that is created later is found; the default is five minutes.
  "topic.metadata.refresh.interval.ms": 10_000,
  // What tells that brokers are back, and that the group is joined.
  "statistics.interval.ms": 1_000,
  "socket.keepalive.enable": true,
} as const;

/**
 * How long a group waits for a member that is gone: a program that was killed, and a client that lost its broker for longer than
 * that and so comes back as a new member, read again after this time. The default of 45 s is what a restart took (measured).
 * With `group.protocol: consumer` the broker decides, and librdkafka refuses the property.
 */
const sessionTimeout = { "session.timeout.ms": 10_000 } as const;

const maxPollIntervalMs = 1_000;

const optionNames: readonly (keyof KafkaSourceOptions)[] = [
  "topics",
  "config",
  "pollIntervalMs",
  "fromBeginning",
  "maxBatch",
];

/** Checks options and fills in defaults. What librdkafka itself refuses it says when a client is made. Throws {@link KafkaSourceError}. */
export function toSettings(options: KafkaSourceOptions): Settings {
  const { topics, pollIntervalMs = maxPollIntervalMs, fromBeginning = false, maxBatch = 1_000 } = options;
  const unknown = describeUnknownOption(options, optionNames);
  if (unknown !== undefined) fail("unknown_option", unknown);
  if (!Array.isArray(topics) || topics.length === 0 || topics.some((name) => typeof name !== "string" || name === "")) {
    fail("invalid_topics", "topics must be names, at least one, such as misp_attribute");
  }
  if (!Number.isFinite(pollIntervalMs) || pollIntervalMs < 1) {
    fail("invalid_bound", `pollIntervalMs is ${pollIntervalMs}; expected 1 or more`);
  }
  if (!Number.isInteger(maxBatch) || maxBatch < 1) {
    fail("invalid_bound", `maxBatch is ${maxBatch}; expected a whole number above 0`);
  }
  const given = toConfig(options.config);
  const config: Properties = {
    ...defaults,
    ...(given["group.protocol"] === "consumer" ? {} : sessionTimeout),
    ...given,
    "enable.auto.offset.store": false,
  };
  const scoped = (ofTopic: boolean) =>
    Object.fromEntries(Object.entries(config).filter(([name]) => topicProperties.has(name) === ofTopic));
  return {
    topics: [...new Set(topics)],
    config: scoped(false),
    topicConfig: scoped(true),
    address: String(config["bootstrap.servers"] ?? config["metadata.broker.list"]),
    group: String(config["group.id"]),
    pollIntervalMs: Math.min(pollIntervalMs, maxPollIntervalMs),
    fromBeginning,
    maxBatch,
  };
}

function toConfig(given: KafkaSourceOptions["config"]): Properties {
  const config: Record<string, Properties[string]> = {};
  for (const [name, value] of Object.entries(given)) {
    // librdkafka's binding takes anything here and ignores what it cannot read (measured).
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      const shown = value === null ? "empty" : Array.isArray(value) ? "a list" : `of type ${typeof value}`;
      refuse(`${name} is ${shown}; expected a text, a number, true or false`);
    }
    if (name.endsWith("_cb")) refuse(`${name} is a callback, and cannot be set`);
    config[name] = value;
  }
  if (!hasText(config["bootstrap.servers"]) && !hasText(config["metadata.broker.list"])) {
    refuse("bootstrap.servers is missing; set it to the brokers' addresses, such as kafka.example:9092");
  }
  if (isSet(config["enable.auto.offset.store"], true)) {
    refuse(
      "enable.auto.offset.store must not be true: a record would count as read before it is safe in the index, and a crash " +
        "would lose it; remove it",
    );
  }
  if (isSet(config["enable.auto.commit"], false)) {
    refuse("enable.auto.commit must not be false: no start would know what was read before it; remove it");
  }
  return config;
}

const hasText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";

/** librdkafka reads booleans from texts and numbers, too. */
function isSet(value: Properties[string] | undefined, wanted: boolean): boolean {
  if (value === undefined) return false;
  return (wanted ? ["true", "t", "1"] : ["false", "f", "0"]).includes(String(value).toLowerCase());
}

function refuse(message: string): never {
  throw new KafkaSourceError("invalid_config", message);
}

function fail(code: KafkaSourceErrorCode, message: string): never {
  throw new KafkaSourceError(code, message);
}
