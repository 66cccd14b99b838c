import { afterEach, expect, it } from "vitest";
import { Subscriber } from "zeromq";
import type { Credentials } from "./zap.ts";
import { createZmqPublisher, type ZmqPublisher, type ZmqPublisherOptions } from "./zmq-publisher.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function newPublisher(options: ZmqPublisherOptions = {}): Promise<ZmqPublisher> {
  const publisher = await createZmqPublisher({ watchSubscriptions: true, ...options });
  closing.push(() => publisher[Symbol.asyncDispose]());
  return publisher;
}

function subscribe(
  port: number,
  prefix: string,
  options: ConstructorParameters<typeof Subscriber>[0] = {},
): Subscriber {
  const subscriber = new Subscriber({ linger: 0, reconnectInterval: 20, ...options });
  closing.push(() => subscriber.close());
  subscriber.connect(`tcp://127.0.0.1:${port}`);
  subscriber.subscribe(prefix);
  return subscriber;
}

async function receive(subscriber: Subscriber): Promise<string[]> {
  return (await subscriber.receive()).map(String);
}

/** Resolves with the first of these events. */
function eventOf(
  subscriber: Subscriber,
  ...types: ("handshake" | "handshake:error:auth" | "disconnect")[]
): Promise<string> {
  return new Promise((resolve) => {
    for (const type of types) subscriber.events.on(type, () => resolve(type));
  });
}

it("frames a message as MISP does: one frame, topic, space, body", async () => {
  const publisher = await newPublisher();
  const subscriber = subscribe(publisher.port, "misp_json_attribute");
  await publisher.subscriptions.atLeast("misp_json_attribute", 1);
  await publisher.publish([
    { topic: "misp_json_event", body: "{}" },
    { topic: "misp_json_attribute", body: '{"value":"ü \u2028 x"}' },
    { topic: "misp_json_attribute_x", body: Buffer.from([0xff, 0]) },
  ]);
  await publisher.publishFrame("misp_json_attribute");
  expect(await receive(subscriber)).toEqual(['misp_json_attribute {"value":"ü \u2028 x"}']);
  expect((await subscriber.receive())[0]?.subarray(-2)).toEqual(Buffer.from([0xff, 0]));
  expect(await receive(subscriber)).toEqual(["misp_json_attribute"]);
  expect(publisher.published).toBe(4);
});

it("is a PUB socket by default, and works without watching", async () => {
  const publisher = await newPublisher({ watchSubscriptions: false });
  const subscriber = subscribe(publisher.port, "misp_json_tag ");
  const received = receive(subscriber);
  // Nothing tells when the subscription is there: publish until one message came through.
  const publishing = setInterval(() => publisher.publish([{ topic: "misp_json_tag", body: "{}" }]), 5);
  closing.push(() => clearInterval(publishing));
  expect(await received).toEqual(["misp_json_tag {}"]);
});

it("counts subscriptions to each prefix, and forgets those of a subscriber that left", async () => {
  const publisher = await newPublisher();
  const first = subscribe(publisher.port, "a ");
  await publisher.subscriptions.atLeast("a ", 1);
  subscribe(publisher.port, "a ");
  await publisher.subscriptions.atLeast("a ", 2);
  expect(publisher.subscriptions.count("a ")).toBe(2);
  expect(publisher.subscriptions.count("b ")).toBe(0);
  first.close();
  await expect.poll(() => publisher.subscriptions.count("a ")).toBe(1);
});

it("ends a wait for subscribers when the signal aborts or the publisher closes", async () => {
  const publisher = await newPublisher();
  const aborted = publisher.subscriptions.atLeast("a ", 1, { signal: AbortSignal.timeout(1) });
  await expect(aborted).rejects.toThrow('0 of 1 subscribed to "a "');
  const waiting = publisher.subscriptions.atLeast("a ", 1);
  const rejected = expect(waiting).rejects.toThrow("the publisher was closed");
  await publisher[Symbol.asyncDispose]();
  await rejected;
  await expect(publisher.publish([{ topic: "a", body: "" }])).rejects.toThrow("the publisher was closed");
});

it("lets in who has the password, and nobody else", async () => {
  const credentials: Credentials = { username: "misp", password: "secret" };
  const publisher = await newPublisher({ credentials });
  const wrong = subscribe(publisher.port, "a ", { plainUsername: "misp", plainPassword: "guess" });
  expect(await eventOf(wrong, "handshake", "handshake:error:auth")).toBe("handshake:error:auth");
  const right = subscribe(publisher.port, "a ", { plainUsername: "misp", plainPassword: "secret" });
  await publisher.subscriptions.atLeast("a ", 1);
  await publisher.publish([{ topic: "a", body: "hello" }]);
  expect(await receive(right)).toEqual(["a hello"]);
});

it("rebinds on the same port, also with other credentials", async () => {
  const publisher = await newPublisher();
  const { port } = publisher;
  const subscriber = subscribe(port, "a ");
  await publisher.subscriptions.atLeast("a ", 1);
  const disconnected = eventOf(subscriber, "disconnect");
  // libzmq subscribes again only from a thread that is receiving.
  const received = receive(subscriber);
  await publisher.rebind();
  expect(await disconnected).toBe("disconnect");
  expect(publisher.port).toBe(port);
  await publisher.subscriptions.atLeast("a ", 1);
  await publisher.publish([{ topic: "a", body: "again" }]);
  expect(await received).toEqual(["a again"]);

  await publisher.rebind({ credentials: { username: "misp", password: "secret" } });
  const right = subscribe(port, "a ", { plainUsername: "misp", plainPassword: "secret" });
  await publisher.subscriptions.atLeast("a ", 1);
  await publisher.publish([{ topic: "a", body: "secret" }]);
  expect(await receive(right)).toEqual(["a secret"]);
});

it("says misp_json_self after a silence on all topics, again and again, and not before", async () => {
  const publisher = await newPublisher({ heartbeatAfterMs: 400 });
  const subscriber = subscribe(publisher.port, "");
  await publisher.subscriptions.atLeast("", 1);
  for (let count = 0; count < 30; count++) {
    await publisher.publish([{ topic: "busy", body: "{}" }]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const frames: string[] = [];
  while (frames.filter((frame) => frame.startsWith("misp_json_self ")).length < 2)
    frames.push(...(await receive(subscriber)));
  const busyUntil = frames.lastIndexOf("busy {}");
  expect(frames.slice(0, busyUntil + 1).filter((frame) => frame === "busy {}")).toHaveLength(30);
  // A message may have been on its way when the subscription came: at most one heartbeat lies before the busy time.
  expect(frames.slice(frames.indexOf("busy {}"), busyUntil + 1)).toHaveLength(30);
  expect(JSON.parse(frames.at(-1)?.slice("misp_json_self ".length) ?? "")).toEqual({
    status: expect.any(String),
    uptime: expect.any(Number),
  });
  expect(publisher.published).toBe(30);
});

it.each([
  { highWaterMark: 10, complete: false },
  { highWaterMark: 0, complete: true },
])(
  "with a high-water mark of $highWaterMark a slow subscriber gets everything: $complete",
  async ({ highWaterMark, complete }) => {
    const publisher = await newPublisher({ highWaterMark });
    const subscriber = subscribe(publisher.port, "a ", { receiveHighWaterMark: 1 });
    await publisher.subscriptions.atLeast("a ", 1);
    const count = 400;
    const padding = "x".repeat(100_000);
    for (let number = 0; number < count; number++)
      await publisher.publish([{ topic: "a", body: `${number} ${padding}` }]);
    // The last message is small and repeated, since it may be dropped like any other.
    const ending = setInterval(() => publisher.publish([{ topic: "a", body: "end" }]), 5);
    closing.push(() => clearInterval(ending));
    let received = 0;
    for (;;) {
      const [frame] = await subscriber.receive();
      if (String(frame) === "a end") break;
      received++;
    }
    if (complete) expect(received).toBe(count);
    else expect(received).toBeLessThan(count);
  },
);

it("says which address it cannot bind", async () => {
  const { port } = await newPublisher();
  await expect(createZmqPublisher({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});
