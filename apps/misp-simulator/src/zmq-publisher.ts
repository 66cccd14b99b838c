import { Context, Publisher, XPublisher } from "zeromq";
import { createSubscriptions, type Subscriptions } from "./subscriptions.ts";
import { type Credentials, createZapHandler } from "./zap.ts";

/** How to publish. */
export interface ZmqPublisherOptions {
  /** @default "127.0.0.1", as MISP's setting */
  readonly host?: string;
  /** 0: any free port. @default 0 */
  readonly port?: number;
  /** PLAIN authentication. @default none */
  readonly credentials?: Credentials;
  /** Messages per subscriber beyond which ZeroMQ drops; 0: none are dropped. @default 1000, libzmq's default and so MISP's */
  readonly highWaterMark?: number;
  /** Silence on all topics after which `misp_json_self` is sent; 0: never. @default 10000, as mispzmq */
  readonly heartbeatAfterMs?: number;
  /**
   * Binds an XPUB socket, which is a PUB socket that also tells who subscribes: a test can wait for that instead of sleeping.
   * @default false: a PUB socket, as MISP's
   */
  readonly watchSubscriptions?: boolean;
}

/** A message for the wire. */
export interface Message {
  readonly topic: string;
  readonly body: string | Uint8Array;
}

/** MISP's ZeroMQ publisher: one frame per message, `<topic> <body>`. */
export interface ZmqPublisher extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Hands messages to ZeroMQ, in order. A subscriber that is too slow loses them silently. */
  publish(messages: readonly Message[]): Promise<void>;
  /** Publishes a frame as it is. */
  publishFrame(frame: string | Uint8Array): Promise<void>;
  /**
   * Closes the socket and binds another one on the same port, as MISP does when its settings change. A `credentials` that is
   * there replaces the present ones; undefined switches authentication off.
   */
  rebind(changes?: { readonly credentials?: Credentials | undefined }): Promise<void>;
  /** Knows of subscriptions only with `watchSubscriptions`. */
  readonly subscriptions: Subscriptions;
  /** How many messages went out, heartbeats not counted. */
  readonly published: number;
}

interface Binding {
  readonly socket: Publisher | XPublisher;
  readonly port: number;
  close(): void;
}

/**
 * Binds a publisher.
 *
 * @throws what ZeroMQ says when the address is in use or not ours, `code` `EADDRINUSE` or the like
 */
export async function createZmqPublisher(options: ZmqPublisherOptions = {}): Promise<ZmqPublisher> {
  const host = options.host ?? "127.0.0.1";
  const heartbeatAfterMs = options.heartbeatAfterMs ?? 10_000;
  const startedAtMs = Date.now();
  const subscriptions = createSubscriptions();
  let closed = false;
  let published = 0;
  let heartbeat: NodeJS.Timeout | undefined;

  let { credentials } = options;
  let binding = await bind(options.port ?? 0);
  // One send at a time: zeromq.js refuses a second one while the first has not settled.
  let last: Promise<void> = Promise.resolve();

  async function bind(port: number): Promise<Binding> {
    // The authenticator serves a whole context, so each binding with its own credentials has its own.
    const context = new Context();
    const zap = credentials && (await createZapHandler(context, credentials));
    const socketOptions = {
      context,
      sendHighWaterMark: options.highWaterMark ?? 1000,
      // What was published before the close still goes out, but nobody waits for a subscriber that hangs.
      linger: 1000,
      plainServer: credentials !== undefined,
    };
    const socket = options.watchSubscriptions
      ? new XPublisher({ ...socketOptions, verbosity: "allSubsUnsubs" })
      : new Publisher(socketOptions);
    const close = (): void => {
      socket.close();
      zap?.close();
    };
    try {
      await socket.bind(`tcp://${host}:${port === 0 ? "*" : port}`);
    } catch (error) {
      close();
      throw error;
    }
    if (socket instanceof XPublisher) readSubscriptions(socket).catch(() => undefined);
    return { socket, port: Number(socket.lastEndpoint?.split(":").at(-1)), close };
  }

  async function readSubscriptions(socket: XPublisher): Promise<void> {
    for await (const [message] of socket) if (message) subscriptions.take(message);
  }

  function send(frames: readonly (string | Uint8Array)[]): Promise<void> {
    if (closed) return Promise.reject(new Error("the publisher was closed"));
    waitForSilence();
    const sent = last.then(async () => {
      for (const frame of frames) await binding.socket.send(frame);
    });
    // Its caller learns of a failure; the next message is tried all the same.
    last = sent.catch(() => undefined);
    return sent;
  }

  function waitForSilence(): void {
    clearTimeout(heartbeat);
    if (closed || heartbeatAfterMs === 0) return;
    heartbeat = setTimeout(() => {
      const uptime = Math.floor((Date.now() - startedAtMs) / 1000);
      // Also starts the next wait. Nothing to do about a failure: the publisher is closing.
      send([frame("misp_json_self", JSON.stringify({ status: "Still here.", uptime }))]).catch(() => undefined);
    }, heartbeatAfterMs);
  }

  waitForSilence();
  return {
    host,
    get port() {
      return binding.port;
    },
    publish(messages) {
      published += messages.length;
      return send(messages.map(({ topic, body }) => frame(topic, body)));
    },
    publishFrame(bytes) {
      published++;
      return send([bytes]);
    },
    async rebind(changes = {}) {
      if ("credentials" in changes) credentials = changes.credentials;
      await last;
      const { port } = binding;
      binding.close();
      subscriptions.clear();
      binding = await bindWhenFree(() => bind(port));
    },
    subscriptions,
    get published() {
      return published;
    },
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      clearTimeout(heartbeat);
      subscriptions.close();
      await last;
      binding.close();
    },
  };
}

function frame(topic: string, body: string | Uint8Array): string | Uint8Array {
  if (typeof body === "string") return `${topic} ${body}`;
  return Buffer.concat([Buffer.from(`${topic} `), body]);
}

/** libzmq gives a port back some time after its socket was closed, and does not say when. */
async function bindWhenFree(bind: () => Promise<Binding>): Promise<Binding> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await bind();
    } catch (error) {
      if (attempt === 200 || (error as { code?: unknown }).code !== "EADDRINUSE") throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
