import { Request, Subscriber, XPublisher } from "zeromq";
import { createWatch } from "./watch.ts";

/** Where an app finds a host. */
export interface HostPorts {
  readonly manage: number;
}

/** What a host answers to a management request. */
export type Answer = Readonly<Record<string, unknown>>;

/** Sends one management request, of any shape, and waits for its answer. */
export async function ask(
  manage: number,
  request: object | string | Buffer | Buffer[],
  host = "127.0.0.1",
): Promise<Answer> {
  const socket = new Request({ linger: 0, receiveTimeout: 10_000 });
  try {
    socket.connect(`tcp://${host}:${manage}`);
    const raw = typeof request === "string" || Buffer.isBuffer(request) || Array.isArray(request);
    await socket.send(raw ? request : JSON.stringify(request));
    const [answer] = await socket.receive();
    return JSON.parse(String(answer)) as Answer;
  } finally {
    socket.close();
  }
}

export interface ReceivedMessage {
  readonly kind: string;
  readonly object: Readonly<Record<string, unknown>>;
}

export interface AppOptions {
  readonly topic?: string | readonly string[];
  readonly snapshot?: unknown;
  /** False: it subscribes and does not read what comes. @default true */
  readonly reads?: boolean;
  /** False: it never connects to the pub port. @default true */
  readonly listens?: boolean;
}

export type App = Awaited<ReturnType<typeof startApp>>;

async function hostSubscribes(publisher: XPublisher): Promise<void> {
  const wanted = new Set(["\u0001stix2/", "\u0001threatbus/snapshotenvelope"]);
  for await (const [frame] of publisher) {
    wanted.delete(String(frame));
    if (wanted.size === 0) return;
  }
}

/** A minimal Threat Bus app, written from the protocol alone: subscribes, receives, publishes. */
export async function startApp({ manage }: HostPorts, options: AppOptions = {}) {
  const { topic = "stix2/indicator", snapshot, reads = true, listens = true } = options;
  const answer = await ask(manage, { action: "subscribe", topic, ...(snapshot === undefined ? {} : { snapshot }) });
  if (answer["status"] !== "success") throw new Error(`the host answers ${JSON.stringify(answer)}`);
  const privateTopic = String(answer["topic"]);
  const received: ReceivedMessage[] = [];
  const { changed, until } = createWatch();

  const subscriber = new Subscriber({
    linger: 0,
    receiveHighWaterMark: reads ? 0 : 1,
    receiveBufferSize: reads ? -1 : 4_096,
  });
  subscriber.subscribe(privateTopic);
  if (listens) subscriber.connect(`tcp://127.0.0.1:${answer["pub_port"]}`);
  const read = async () => {
    for await (const frames of subscriber) {
      const text = String(frames[0]);
      const space = text.indexOf(" ");
      if (frames.length !== 1 || !text.startsWith(privateTopic)) throw new Error(`unexpected message: ${text}`);
      received.push({ kind: text.slice(privateTopic.length, space), object: JSON.parse(text.slice(space + 1)) });
      changed();
    }
  };
  let reading = reads ? read() : Promise.resolve();
  // Like PUB, and it hears that the host has subscribed: what is sent before that is lost.
  const publisher = new XPublisher({ linger: 0 });
  publisher.connect(`tcp://127.0.0.1:${answer["sub_port"]}`);
  const connected = hostSubscribes(publisher);
  const dropped = new Promise<void>((resolve) => publisher.events.on("disconnect", () => resolve()));

  return {
    topic: privateTopic,
    answer,
    received,
    /** Objects of one kind, in order. */
    objects: (kind = "indicator") => received.filter((message) => message.kind === kind).map(({ object }) => object),
    /** Waits until what it received satisfies a condition. */
    until,
    /** Begins to read what has waited. */
    readNow() {
      reading = read();
    },
    heartbeat: () => ask(manage, { action: "heartbeat", topic: privateTopic }),
    unsubscribe: () => ask(manage, { action: "unsubscribe", topic: privateTopic }),
    /** Publishes one message as it is; the first waits for the connection. */
    async send(frame: string | Buffer | (string | Buffer)[]) {
      await connected;
      await publisher.send(frame);
    },
    publish(object: object, topicOfMessage = "stix2/indicator") {
      return this.send(`${topicOfMessage} ${JSON.stringify(object)}`);
    },
    /** Resolves when the host has dropped the connection that the app publishes over. */
    dropped,
    /** Loses its data connection and keeps its subscription. */
    disconnect: () => subscriber.close(),
    async close() {
      subscriber.close();
      publisher.close();
      await reading;
    },
  };
}
