import type { StixObject } from "@tb/misp-core";
import { checkBound, checkNames, invalid } from "../check-options.ts";
import { type Endpoint, toBindHost, toEndpoint } from "../endpoint.ts";
import type { RenderAgain } from "../outgoing-message.ts";
import { reportApart } from "../report-apart.ts";
import type { ZmqBusEvent } from "../zmq-bus-event.ts";

/** Where the host listens, and its limits. */
export interface ZmqHostBusOptions {
  /** An address or network interface of this machine; `0.0.0.0` or `*` for all addresses. @default "127.0.0.1" */
  readonly host?: string;
  /** The management port. 0: any free one, as for the other two. @default 13370 */
  readonly manage?: number;
  /** Where apps receive. @default 13371 */
  readonly pub?: number;
  /** Where apps send. @default 13372 */
  readonly sub?: number;
  /**
   * Whether an indicator that another app publishes is one of ours, and so must not come from elsewhere. It gets the whole
   * object, as it came (an id may be in upper case): a program may also refuse the REMOVE of a pattern that it holds itself.
   * What it throws is counted, and the object goes no further.
   * @default nothing is
   */
  readonly isOurs?: (indicator: StixObject) => boolean;
  /**
   * Renders an indicator again that a slow app had no room for, so that it waits as an id and goes out as it is then. Called
   * within a turn of the event loop. When it throws, the app is forgotten, and subscribes again with its snapshot.
   * @default the object itself is kept until there is room
   */
  readonly renderAgain?: RenderAgain;
  /** Told of everything besides the status. @default nobody is */
  readonly onEvent?: (event: ZmqBusEvent) => void;
  /** An app without a heartbeat for so long is forgotten, in milliseconds. Apps send one every 5 s. @default 60000 */
  readonly silenceTimeoutMs?: number;
  /**
   * An app that takes nothing for so long, while something waits for it, is forgotten, in milliseconds; so is one that does not
   * begin to listen in that time.
   * @default 30000
   */
  readonly stallTimeoutMs?: number;
  /** The same while it is its own snapshot that fills the pipe, in milliseconds. @default 20 times `stallTimeoutMs` */
  readonly snapshotStallTimeoutMs?: number;
  /** Messages that ZeroMQ holds for one app. @default 5000 */
  readonly pipeLength?: number;
  /** Changes that may wait for one app beside those; beyond that it is forgotten. @default 100000 */
  readonly maxWaiting?: number;
  /** The same in characters. @default 67108864 (64 Mi) */
  readonly maxWaitingCharacters?: number;
  /** Larger messages cost their sender its connection. @default 1048576 (1 MiB) */
  readonly maxMessageBytes?: number;
  /** @default 256 */
  readonly maxApps?: number;
  /** Snapshots that the program sends at the same time; further ones wait. @default 4 */
  readonly maxSnapshots?: number;
  /** Sightings that may wait to be read. @default 10000 */
  readonly maxSightings?: number;
}

/** {@link ZmqHostBusOptions} with nothing left open. */
export interface HostSettings extends Required<Omit<ZmqHostBusOptions, "renderAgain" | "manage" | "pub" | "sub">> {
  readonly manage: Endpoint;
  readonly pub: Endpoint;
  readonly sub: Endpoint;
  readonly renderAgain: RenderAgain | undefined;
}

const optionNames: readonly (keyof ZmqHostBusOptions)[] = [
  "host",
  "manage",
  "pub",
  "sub",
  "isOurs",
  "renderAgain",
  "onEvent",
  "silenceTimeoutMs",
  "stallTimeoutMs",
  "snapshotStallTimeoutMs",
  "pipeLength",
  "maxWaiting",
  "maxWaitingCharacters",
  "maxMessageBytes",
  "maxApps",
  "maxSnapshots",
  "maxSightings",
];

/** Checks options and fills in defaults. Throws `ZmqBusError`, code `invalid_option`. */
export function toHostSettings(options: ZmqHostBusOptions): HostSettings {
  checkNames(options, optionNames);
  const { host = "127.0.0.1", manage = 13_370, pub = 13_371, sub = 13_372 } = options;
  const ports = [manage, pub, sub].filter((port) => port !== 0);
  if (new Set(ports).size < ports.length)
    throw invalid("zmq.manage, zmq.pub and zmq.sub must be three different ports");
  const stallTimeoutMs = checkBound("stallTimeoutMs", options.stallTimeoutMs ?? 30_000);
  const endpoint = (name: string, port: number) => toEndpoint(`zmq.${name}`, toBindHost(host), port, true);
  return {
    host,
    manage: endpoint("manage", manage),
    pub: endpoint("pub", pub),
    sub: endpoint("sub", sub),
    isOurs: options.isOurs ?? (() => false),
    renderAgain: options.renderAgain,
    onEvent: reportApart(options.onEvent ?? (() => undefined)),
    silenceTimeoutMs: checkBound("silenceTimeoutMs", options.silenceTimeoutMs ?? 60_000),
    stallTimeoutMs,
    snapshotStallTimeoutMs: checkBound(
      "snapshotStallTimeoutMs",
      options.snapshotStallTimeoutMs ?? Math.min(20 * stallTimeoutMs, 2 ** 31 - 1),
    ),
    pipeLength: checkBound("pipeLength", options.pipeLength ?? 5_000),
    maxWaiting: checkBound("maxWaiting", options.maxWaiting ?? 100_000),
    maxWaitingCharacters: checkBound("maxWaitingCharacters", options.maxWaitingCharacters ?? 64 * 1024 * 1024),
    maxMessageBytes: checkBound("maxMessageBytes", options.maxMessageBytes ?? 1024 * 1024),
    maxApps: checkBound("maxApps", options.maxApps ?? 256),
    maxSnapshots: checkBound("maxSnapshots", options.maxSnapshots ?? 4),
    maxSightings: checkBound("maxSightings", options.maxSightings ?? 10_000),
  };
}
