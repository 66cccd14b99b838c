import type { SourceStatus } from "@tb/misp-core";
import { Subscriber } from "zeromq";
import type { Settings } from "./options.ts";

/**
 * A frozen publisher keeps its TCP connection. Three unanswered seconds after a ping each second make it noticed within five
 * (a busy publisher answers pings from its I/O thread, however long its application blocks).
 */
const heartbeatIntervalMs = 1_000;
const heartbeatTimeoutMs = 3_000;
/** A peer that accepts the connection and never says anything; libzmq's default is 30 s. */
const handshakeTimeoutMs = 5_000;
const reconnectMs = 100;
const reconnectMaxMs = 30_000;
/** libzmq drops the connection above it, before it allocates; decode has its own, smaller bound. */
const maxMessageBytes = 256 * 1024 * 1024;

/** One socket, from its making to the reason that it is of no use any more. */
export interface Connection {
  /** Resolves when the socket is closed, with `refused` when the peer refused us and a new socket is needed. */
  readonly ended: Promise<"refused" | "closed">;
  close(): void;
}

/** Connects a socket that reconnects by itself until the peer refuses it. */
export function connect(
  { address, topics, credentials }: Settings,
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
    reconnectInterval: reconnectMs,
    reconnectMaxInterval: reconnectMaxMs,
    tcpKeepalive: 1,
    ...(credentials === undefined ? {} : { plainUsername: credentials.username, plainPassword: credentials.password }),
  });
  let refused = false;

  const follow = async () => {
    let up = false;
    for await (const event of socket.events) {
      if (event.type === "handshake") {
        up = true;
        on.connected();
      } else if (event.type.startsWith("handshake:error")) {
        // After a failed handshake the socket stays dead, whatever the peer does (measured with zeromq.js 6.8.0).
        refused = true;
        on.status({ state: "handshake-failed", detail: `${address}: ${refusal(event, credentials !== undefined)}` });
        socket.close();
      } else if (event.type === "disconnect" || event.type === "connect:retry" || event.type === "close") {
        on.status({
          state: "disconnected",
          detail: up
            ? `${address}: the connection was lost or the publisher does not answer; trying again`
            : `${address}: not reachable; trying again`,
        });
        up = false;
      }
    }
  };
  const receive = async () => {
    for await (const [frame] of socket) if (frame !== undefined) on.frame(frame);
  };

  const followed = follow();
  // Subscribed before connecting, so that not a message is missed after the handshake. The space ends the topic: MISP's
  // `misp_json` is a prefix of all others.
  for (const topic of topics) socket.subscribe(`${topic} `);
  socket.connect(address);
  // Closing ends both iterations; what they may throw then says nothing that the events did not say.
  const ended = Promise.allSettled([followed, receive()]).then(() => (refused ? "refused" : "closed"));
  return { ended, close: () => socket.close() };
}

function refusal(event: { readonly type: string }, withCredentials: boolean): string {
  if (event.type === "handshake:error:auth") return "the publisher refuses username and password";
  return withCredentials
    ? "the publisher does not want a username and password, or does not speak ZeroMQ"
    : "the publisher wants a username and password, or does not speak ZeroMQ";
}
