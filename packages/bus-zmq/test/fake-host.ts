import { Reply, Subscriber, XPublisher } from "zeromq";
import { freePorts } from "../../../tools/free-port.ts";
import { receiveAll } from "../src/receive-all.ts";
import { createWatch } from "./watch.ts";

/** How the fake host answers a request; undefined: not at all. */
export type AnswerRequest = (
  request: Readonly<Record<string, unknown>>,
  ports: { readonly manage: number; readonly pub: number; readonly sub: number },
) => object | string | undefined;

export type FakeHost = Awaited<ReturnType<typeof startFakeHost>>;

export const success: AnswerRequest = ({ action }, { pub, sub }) =>
  action === "subscribe"
    ? { topic: "a".repeat(32), pub_port: pub, sub_port: sub, status: "success" }
    : { status: "success" };

/** The three sockets of a Threat Bus in the hands of a test, on ports that stay the same when it restarts. */
export async function startFakeHost(answer: AnswerRequest = success) {
  const [manage = 0, pub = 0, sub = 0] = await freePorts(3);
  const ports = { manage, pub, sub };
  const requests: Readonly<Record<string, unknown>>[] = [];
  const frames: string[] = [];
  /** Topics that apps have subscribed to: what is sent before that is lost. */
  const subscriptions = new Set<string>();
  const { changed, until } = createWatch();
  let answerRequest = answer;
  let sockets: { reply: Reply; publisher: XPublisher; subscriber: Subscriber } | undefined;
  let running: Promise<unknown> = Promise.resolve();

  const start = async () => {
    const reply = new Reply({ linger: 0 });
    const publisher = new XPublisher({ linger: 0 });
    const subscriber = new Subscriber({ linger: 0 });
    subscriber.subscribe("stix2/", "threatbus/snapshotenvelope");
    await bindSoon(publisher, pub);
    await bindSoon(subscriber, sub);
    await bindSoon(reply, manage);
    sockets = { reply, publisher, subscriber };
    const serve = async () => {
      for await (const [frame] of reply) {
        const request = JSON.parse(String(frame)) as Readonly<Record<string, unknown>>;
        requests.push(request);
        changed();
        const text = answerRequest(request, ports);
        // A REP that has not answered is of no use: the next request goes unanswered too, as on a host whose thread died.
        if (text === undefined) return;
        if (!reply.closed) await reply.send(typeof text === "string" ? text : JSON.stringify(text));
      }
    };
    const receive = () =>
      receiveAll(subscriber, ([frame]) => {
        frames.push(String(frame));
        changed();
        return undefined;
      });
    const watch = async () => {
      for await (const [frame] of publisher) {
        if (frame?.[0] === 1) subscriptions.add(frame.toString("latin1", 1));
        changed();
      }
    };
    running = Promise.all([serve(), receive(), watch()]);
  };
  const stop = async () => {
    sockets?.reply.close();
    sockets?.publisher.close();
    sockets?.subscriber.close();
    sockets = undefined;
    subscriptions.clear();
    await running;
  };
  await start();

  return {
    ports,
    requests,
    subscriptions,
    /** Every message that came in. */
    frames,
    objects: (topic = "stix2/indicator") =>
      frames.filter((frame) => frame.startsWith(`${topic} `)).map((frame) => JSON.parse(frame.slice(topic.length + 1))),
    until,
    send: async (frame: string | Buffer | string[]) => sockets?.publisher.send(frame),
    answerWith(next: AnswerRequest) {
      answerRequest = next;
    },
    start,
    stop,
  };
}

/** libzmq closes a socket behind our back, so its port is free a moment later. */
async function bindSoon(socket: Reply | XPublisher | Subscriber, port: number): Promise<void> {
  for (;;) {
    try {
      await socket.bind(`tcp://127.0.0.1:${port}`);
      return;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes("in use")) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
