import { expect, it, onTestFinished } from "vitest";
import { Subscriber } from "zeromq";
import { openPublisher } from "./publisher.ts";

/** Blocks the event loop: libzmq's own threads go on. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

it("grants a topic to who asked for it, whoever leaves while one message is sent after the other", async () => {
  const granted = new Set<string>();
  let wake = () => {};
  const publisher = openPublisher({
    endpoint: { address: "tcp://127.0.0.1:*", ipv6: false },
    pipeLength: 10,
    mayListen: () => true,
    onSubscribe(topic) {
      granted.add(topic);
      wake();
    },
    onUnsubscribe: () => {},
  });
  onTestFinished(publisher.close);
  const subscribe = (topic: string) => {
    const subscriber = new Subscriber({ linger: 0, receiveTimeout: 3_000 });
    onTestFinished(() => subscriber.close());
    subscriber.subscribe(topic);
    subscriber.connect(`tcp://127.0.0.1:${publisher.port}`);
    return subscriber;
  };
  const isGranted = async (topic: string) => {
    while (!granted.has(topic)) await new Promise<void>((resolve) => (wake = resolve));
  };
  const leaving = subscribe("leaving");
  await isGranted("leaving");

  const app = subscribe("app");
  block(200);
  // A send takes up what has come from the network, also while nothing is awaited.
  void publisher.send("nobody 1");
  leaving.close();
  block(200);
  void publisher.send("nobody 2");
  await isGranted("app");
  await publisher.send("app 3");
  expect(String(await app.receive())).toBe("app 3");
});
