import { setImmediate as nextTurn } from "node:timers/promises";
import type { SourceStatus } from "@tb/misp-core";
import { Subscriber } from "zeromq";
import { describeFailure } from "./describe-failure.ts";
import type { Settings } from "./options.ts";

/**
 * A frozen publisher keeps its TCP connection. Three unanswered seconds after a ping each second make it noticed within five
 * (a busy publisher answers pings from its I/O thread, however long its application blocks).
 */
const heartbeatIntervalMs = 1_000;
const heartbeatTimeoutMs = 3_000;
/** A peer that accepts the connection and never says anything; libzmq's default is 30 s. */
const handshakeTimeoutMs = 5_000;
/** A peer that does not even do that, such as a firewall that drops; the system's own limit is minutes. */
const connectTimeoutMs = 5_000;
const reconnectMs = 100;
const reconnectMaxMs = 30_000;
/** libzmq says in the same moment that a connection is lost and that it tries again. When it does not say so, it does not. */
const retryNoticeMs = 1_000;
/** libzmq drops the connection above it, before it allocates; decode has its own, smaller bound. */
const maxMessageBytes = 256 * 1024 * 1024;

/** One socket, from its making until it is of no use any more. */
export interface Connection {
  /** Resolves when the socket is closed: by us, or because it would not connect again by itself. Never rejects. */
  readonly ended: Promise<void>;
  close(): void;
}

/**
 * Connects a socket. It reconnects by itself as long as libzmq does; that gives up without a word after a refusal or a breach of
 * protocol, such as a message above the size limit (both measured with zeromq.js 6.8.0), and then the socket is closed here.
 *
 * @throws what ZeroMQ says when there can be no more sockets
 */
export function connect(
  { address, ipv6, topics, credentials }: Settings,
  on: {
    /** The peer has accepted us. */
    readonly connected: () => void;
    readonly status: (status: SourceStatus) => void;
    readonly frame: (frame: Buffer) => void;
  },
): Connection {
  const socket = new Subscriber({
    // The default of 1000 lost 12,500 of 20,000 messages to a stall of 5 s; our own queue is the bound.
    receiveHighWaterMark: 0,
    maxMessageSize: maxMessageBytes,
    linger: 0,
    heartbeatInterval: heartbeatIntervalMs,
    heartbeatTimeout: heartbeatTimeoutMs,
    handshakeInterval: handshakeTimeoutMs,
    connectTimeout: connectTimeoutMs,
    reconnectInterval: reconnectMs,
    reconnectMaxInterval: reconnectMaxMs,
    tcpKeepalive: 1,
    ipv6,
    ...(credentials === undefined ? {} : { plainUsername: credentials.username, plainPassword: credentials.password }),
  });
  let closing = false;
  let received = 0;
  let notRetrying: NodeJS.Timeout | undefined;

  const close = () => {
    closing = true;
    clearTimeout(notRetrying);
    socket.close();
  };
  /** The connection is lost, but what came before may still wait in the socket. */
  const closeWhenDrained = async () => {
    closing = true;
    for (let before = -1; before !== received; ) {
      before = received;
      await nextTurn();
    }
    close();
  };
  const disconnected = (what: string) => on.status({ state: "disconnected", detail: `${address}: ${what}` });

  const follow = async () => {
    let up = false;
    let lost = false;
    let resolved = false;
    for await (const event of socket.events) {
      if (closing) continue;
      switch (event.type) {
        case "handshake":
          up = true;
          on.connected();
          break;
        case "handshake:error:auth":
        case "handshake:error:protocol":
        case "handshake:error:other":
          // After the last of these libzmq would try again by itself, but ten times a second.
          on.status(describeFailure(address, event, credentials !== undefined));
          void closeWhenDrained();
          break;
        case "disconnect":
          if (up) disconnected("the connection was lost or the publisher does not answer; trying again");
          up = false;
          lost = true;
          notRetrying = setTimeout(closeWhenDrained, retryNoticeMs);
          break;
        case "connect:delay":
          resolved = true;
          break;
        case "connect:retry":
          clearTimeout(notRetrying);
          if (!lost) disconnected(`${resolved ? "not reachable" : "the name is not known"}; next try ${after(event)}`);
          lost = false;
          resolved = false;
      }
    }
  };
  const receive = async () => {
    for await (const [frame] of socket) {
      received += 1;
      if (frame !== undefined) on.frame(frame);
    }
  };
  const followed = follow();
  try {
    // Subscribed before connecting, so that not a message is missed after the handshake. The space ends the topic: MISP's
    // `misp_json` is a prefix of all others.
    for (const topic of topics) socket.subscribe(`${topic} `);
    socket.connect(address);
  } catch (error) {
    close();
    throw error;
  }
  // Neither goes on without the other. What either may throw while closing says nothing that the events did not say.
  const ended = Promise.allSettled([followed.finally(close), receive().finally(close)]).then(() => undefined);
  return { ended, close };
}

function after({ interval }: { readonly interval: number }): string {
  return `in ${interval < 1_000 ? `${interval} ms` : `${Math.round(interval / 1_000)} s`}`;
}
