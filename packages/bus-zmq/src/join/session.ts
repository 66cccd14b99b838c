import { type Socket, Subscriber, XPublisher } from "zeromq";
import { toEndpoint } from "../endpoint.ts";
import { keepalive } from "../keepalive.ts";
import { type ParsedFrame, parseFrame } from "../parse-frame.ts";
import { receiveAll } from "../receive-all.ts";
import { createSendNow, sendNowOptions } from "../send-now.ts";
import { describeError } from "../zmq-bus-error.ts";
import { askHost } from "./ask-host.ts";
import type { JoinSettings } from "./join-options.ts";

const maxPrivateTopicLength = 255;
const indicatorTopic = "stix2/indicator";

/** One subscription with a host, from its connection until it is lost. */
export interface Session {
  /** Our private topic there. */
  readonly topic: string;
  /** Aborts when a connection is lost or the session was closed; its reason is a text. */
  readonly signal: AbortSignal;
  /** False: no room now. */
  send(text: string): Promise<boolean>;
  lose(detail: string): void;
  /** @param flush what is on its way may still arrive; without it, not one message does */
  close(flush: boolean): Promise<void>;
}

export type OpenedSession =
  | { readonly ok: true; readonly session: Session }
  /** `topic`: the host knows us under it nevertheless. */
  | { readonly ok: false; readonly detail: string; readonly topic?: string };

/** Subscribes with the host and connects to the ports that it names, until both connections are of use. */
export async function openSession(
  settings: JoinSettings,
  signal: AbortSignal,
  onFrame: (frame: ParsedFrame, topic: string) => void,
): Promise<OpenedSession> {
  const { host, manage, answerTimeoutMs } = settings;
  const subscription = { action: "subscribe", topic: ["stix2/sighting"], snapshot: 0 };
  const asked = await askHost(manage, subscription, answerTimeoutMs, signal);
  if (!asked.ok) return asked;
  const { status, topic, pub_port: pubPort, sub_port: subPort } = asked.answer;
  if (status !== "success") return { ok: false, detail: `${manage.address} refuses the subscription` };
  if (typeof topic !== "string" || !/^[\x21-\x7e]+$/.test(topic) || topic.length > maxPrivateTopicLength) {
    return { ok: false, detail: `${manage.address} answers with a topic that is none` };
  }
  if (!isPort(pubPort) || !isPort(subPort)) {
    return { ok: false, detail: `${manage.address} answers with ports that are none`, topic };
  }

  const ended = new AbortController();
  let settle = () => {};
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const lose = (detail: string) => {
    if (!ended.signal.aborted) ended.abort(detail);
    settle();
  };
  const sockets = openSockets(settings);
  if (!sockets.ok) return { ...sockets, topic };
  const { subscriber, publisher } = sockets;

  const missing = new Set(["handshake", "subscription"]);
  const have = (what: string) => {
    missing.delete(what);
    if (missing.size === 0) settle();
  };
  const watch = async (socket: Socket, name: string, onHandshake?: () => void) => {
    for await (const event of socket.events) {
      if (event.type === "handshake") onHandshake?.();
      else if (event.type === "disconnect" || event.type === "close" || event.type.startsWith("handshake:error")) {
        lose(`${name}: the connection was lost`);
      }
    }
  };
  const onSubscription = (frame: Buffer | undefined) => {
    if (frame?.[0] === 1 && indicatorTopic.startsWith(frame.toString("latin1", 1))) have("subscription");
  };
  const pub = toEndpoint("pub_port", host, pubPort);
  const sub = toEndpoint("sub_port", host, subPort);
  // None goes on without the others: unwatched, a lost connection would look like one over which everything arrives.
  const finished = Promise.all(
    [
      watch(subscriber, pub.address, () => have("handshake")),
      watch(publisher, sub.address),
      receiveAll(subscriber, (frames) => void onFrame(parseFrame(frames), topic)),
      receiveAll(publisher, ([frame]) => void onSubscription(frame)),
    ].map((work) => work.catch((error: unknown) => lose(describeError(error)))),
  );
  const close = async (flush: boolean) => {
    lose("closed");
    if (!flush && !publisher.closed) publisher.linger = 0;
    subscriber.close();
    publisher.close();
    await finished;
  };
  subscriber.subscribe(topic);
  subscriber.connect(pub.address);
  publisher.connect(sub.address);

  const late = setTimeout(() => {
    lose(`${pub.address} and ${sub.address}: not both connected within ${answerTimeoutMs / 1_000} s`);
  }, answerTimeoutMs);
  const giveUp = () => lose("given up");
  signal.addEventListener("abort", giveUp);
  await settled;
  clearTimeout(late);
  signal.removeEventListener("abort", giveUp);
  if (ended.signal.aborted) {
    await close(false);
    return { ok: false, detail: String(ended.signal.reason), topic };
  }
  return {
    ok: true,
    session: {
      topic,
      signal: ended.signal,
      send: createSendNow(publisher),
      lose,
      close,
    },
  };
}

type OpenedSockets =
  | { readonly ok: true; readonly subscriber: Subscriber; readonly publisher: XPublisher }
  /** There can be no more sockets. */
  | { readonly ok: false; readonly detail: string };

function openSockets(settings: JoinSettings): OpenedSockets {
  // A session that lost a connection is over: what its sockets would send after they had connected again by themselves could
  // overtake what the next session sends.
  const common = {
    reconnectInterval: -1,
    ipv6: settings.manage.ipv6,
    ...keepalive,
    connectTimeout: settings.answerTimeoutMs,
  };
  let subscriber: Subscriber | undefined;
  try {
    subscriber = new Subscriber({ ...common, linger: 0, maxMessageSize: settings.maxMessageBytes });
    // Like PUB, and it hears that the host has subscribed: PUB drops what is sent before that.
    const publisher = new XPublisher({ ...common, ...sendNowOptions, sendHighWaterMark: settings.pipeLength });
    return { ok: true, subscriber, publisher };
  } catch (error) {
    subscriber?.close();
    return { ok: false, detail: describeError(error) };
  }
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535;
}
