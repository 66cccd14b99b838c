import { checkBound, checkNames } from "../check-options.ts";
import { type Endpoint, toEndpoint } from "../endpoint.ts";
import type { RenderAgain } from "../outgoing-message.ts";
import { reportApart } from "../report-apart.ts";
import type { ZmqBusEvent } from "../zmq-bus-event.ts";

/** Which Threat Bus to join, and the limits. */
export interface ZmqJoinBusOptions {
  /** Where the Threat Bus runs: a name, looked up at each attempt, or an address. */
  readonly host: string;
  /** Its management port; it says the other two itself. @default 13370 */
  readonly port?: number;
  /**
   * Renders an indicator again that was handed over shortly before the host was lost, so that it is remembered as an id and
   * goes out as it is then. Called within a turn of the event loop. When it throws, that indicator does not go out again, and
   * an event says so.
   * @default the object itself is remembered
   */
  readonly renderAgain?: RenderAgain;
  /** Told of everything besides the status. @default nobody is */
  readonly onEvent?: (event: ZmqBusEvent) => void;
  /** @default 5000 */
  readonly heartbeatIntervalMs?: number;
  /** How long an answer of the host, or a connection to it, may take. @default 5000 */
  readonly answerTimeoutMs?: number;
  /** After a rejoin, what was handed over so long before the last good heartbeat goes out again. @default 10000 */
  readonly repeatMs?: number;
  /**
   * Messages that are remembered for that, and 64 Mi characters of them; while there is no room, `publish` waits for the next
   * heartbeat.
   * @default 100000
   */
  readonly maxRemembered?: number;
  /** Messages that ZeroMQ holds for a host that is slow; then `publish` waits. @default 1000 */
  readonly pipeLength?: number;
  /** A larger message of the host costs the connection. @default 1048576 (1 MiB) */
  readonly maxMessageBytes?: number;
  /** Snapshots that are sent at the same time; further ones wait. @default 4 */
  readonly maxSnapshots?: number;
  /** Sightings that may wait to be read. @default 10000 */
  readonly maxSightings?: number;
}

/** {@link ZmqJoinBusOptions} with nothing left open. */
export interface JoinSettings extends Required<Omit<ZmqJoinBusOptions, "renderAgain" | "port">> {
  readonly manage: Endpoint;
  readonly renderAgain: RenderAgain | undefined;
}

const optionNames: readonly (keyof ZmqJoinBusOptions)[] = [
  "host",
  "port",
  "renderAgain",
  "onEvent",
  "heartbeatIntervalMs",
  "answerTimeoutMs",
  "repeatMs",
  "maxRemembered",
  "pipeLength",
  "maxMessageBytes",
  "maxSnapshots",
  "maxSightings",
];

/** Checks options and fills in defaults. Throws `ZmqBusError`, code `invalid_option`. */
export function toJoinSettings(options: ZmqJoinBusOptions): JoinSettings {
  checkNames(options, optionNames);
  const bound = (name: keyof ZmqJoinBusOptions, byDefault: number) => {
    const value = options[name];
    return checkBound(name, typeof value === "number" ? value : byDefault);
  };
  return {
    host: options.host,
    manage: toEndpoint("threatbus", options.host, options.port ?? 13_370),
    renderAgain: options.renderAgain,
    onEvent: reportApart(options.onEvent ?? (() => undefined)),
    heartbeatIntervalMs: bound("heartbeatIntervalMs", 5_000),
    answerTimeoutMs: bound("answerTimeoutMs", 5_000),
    repeatMs: bound("repeatMs", 10_000),
    maxRemembered: bound("maxRemembered", 100_000),
    pipeLength: bound("pipeLength", 1_000),
    maxMessageBytes: bound("maxMessageBytes", 1024 * 1024),
    maxSnapshots: bound("maxSnapshots", 4),
    maxSightings: bound("maxSightings", 10_000),
  };
}
