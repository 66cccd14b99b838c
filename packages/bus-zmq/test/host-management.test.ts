import { connect } from "node:net";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { Dealer, Request, Subscriber } from "zeromq";
import { ask } from "./app.ts";
import { openHost } from "./host.ts";
import { indicator } from "./objects.ts";

describe("a subscription", () => {
  it("is answered with a private topic that nobody guesses, and the ports as numbers", async () => {
    const { manage, bus } = openHost();
    const answers = await Promise.all(
      [1, 2, 3].map(() => ask(manage, { action: "subscribe", topic: "stix2/indicator" })),
    );
    for (const answer of answers) {
      expect(answer).toEqual({
        topic: expect.stringMatching(/^[a-z]{32}$/),
        pub_port: bus.ports.pub,
        sub_port: bus.ports.sub,
        status: "success",
      });
    }
    expect(new Set(answers.map(({ topic }) => topic)).size).toBe(3);
  });

  it("goes to the apps that want the kind, once, however often their topics name it", async () => {
    const host = openHost();
    const both = await host.app({ topic: ["stix2/indicator", "stix2"] });
    const sightings = await host.app({ topic: "stix2/sighting" });
    const other = await host.app({ topic: "foo/bar" });
    await host.bus.publish([indicator(1), indicator(2)]);
    await both.until(() => both.received.length >= 2);
    expect(both.objects()).toEqual([indicator(1), indicator(2)]);
    expect([...sightings.received, ...other.received]).toEqual([]);
  });

  it("holds messages for an app until it listens, since they would be lost before", async () => {
    const host = openHost();
    const app = await host.app();
    // Its connection to the pub port is not there yet.
    await host.bus.publish([indicator(1)]);
    await app.until(() => app.received.length >= 1);
    expect(app.objects()).toEqual([indicator(1)]);
  });

  it("may be listened to in parts, and still is one", async () => {
    const host = openHost();
    const { topic, pub_port: port } = await ask(host.manage, {
      action: "subscribe",
      topic: "stix2/indicator",
      snapshot: 3,
    });
    const subscriber = new Subscriber({ linger: 0, receiveTimeout: 10_000 });
    onTestFinished(() => subscriber.close());
    subscriber.subscribe(`${topic}sighting`, `${topic}indicator`);
    subscriber.connect(`tcp://127.0.0.1:${port}`);
    expect((await host.nextRequest()).sinceMs).toBe(3 * 86_400_000);
    await host.bus.publish([indicator(1)]);
    const app = await host.app();
    // Had it asked twice, this would be the second time.
    expect((await host.nextRequest()).sinceMs).toBe(0);
    expect(String((await subscriber.receive())[0])).toBe(`${topic}indicator ${JSON.stringify(indicator(1))}`);
    subscriber.unsubscribe(`${topic}sighting`);
    await host.bus.publish([indicator(2)]);
    await app.until(() => app.received.length >= 1);
    expect(String((await subscriber.receive())[0])).toContain(indicator(2).id);
    expect(await ask(host.manage, { action: "heartbeat", topic })).toEqual({ status: "success" });
  });

  it("is refused beyond the limit on apps, and not any more when one has gone", async () => {
    const host = openHost({ maxApps: 2 });
    const [first] = [await host.app(), await host.app()];
    const subscribe = () => ask(host.manage, { action: "subscribe", topic: "stix2" });
    expect(await subscribe()).toEqual({ status: "error" });
    expect(host.refusals()).toEqual(["too-many-apps"]);
    expect(await first.unsubscribe()).toEqual({ status: "success" });
    expect(await subscribe()).toMatchObject({ status: "success" });
  });

  it("ends when the app says so, or stays away", async () => {
    const host = openHost({ silenceTimeoutMs: 150 });
    const app = await host.app();
    expect(await app.heartbeat()).toEqual({ status: "success" });
    expect(await app.unsubscribe()).toEqual({ status: "success" });
    expect(await app.unsubscribe()).toEqual({ status: "error" });
    expect(await app.heartbeat()).toEqual({ status: "error" });
    expect(await ask(host.manage, { action: "heartbeat", topic: "nope" })).toEqual({ status: "error" });

    const silent = await host.app();
    await host.until(() => host.kinds().includes("app-expired"));
    expect(host.events.at(-1)).toMatchObject({ kind: "app-expired", app: 2, cause: "silent" });
    expect(await silent.heartbeat()).toEqual({ status: "error" });
  });

  it("goes on as long as heartbeats come", async () => {
    const host = openHost({ silenceTimeoutMs: 400 });
    const app = await host.app();
    const until = performance.now() + 1_000;
    while (performance.now() < until) {
      expect(await app.heartbeat()).toEqual({ status: "success" });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  it("is over when the data connection is lost, since nobody knows what was lost with it", async () => {
    const host = openHost();
    const app = await host.app();
    await host.bus.publish([indicator(1)]);
    await app.until(() => app.received.length >= 1);
    app.disconnect();
    // The loss shows a moment later.
    while ((await app.heartbeat())["status"] === "success");
    expect(host.events.at(-1)).toMatchObject({ kind: "app-expired", cause: "disconnected" });
  });
});

it("is over when the app listens over another connection, since the one before was lost without a word", async () => {
  const host = openHost();
  const app = await host.app();
  await (await host.nextRequest()).end();
  // What an app does by itself whose network was away: the host still has the old connection.
  const second = new Subscriber({ linger: 0 });
  onTestFinished(() => second.close());
  second.subscribe(app.topic);
  second.connect(`tcp://127.0.0.1:${host.bus.ports.pub}`);
  while ((await app.heartbeat())["status"] === "success");
  expect(host.events.at(-1)).toMatchObject({ kind: "app-expired", cause: "disconnected" });
});

it("256 apps are served, and one more is refused", { timeout: 60_000 }, async () => {
  const host = openHost();
  const subscribe = () => ask(host.manage, { action: "subscribe", topic: "stix2/indicator" });
  const subscribers = [];
  for (let n = 0; n < 256; n += 1) {
    const { topic } = await subscribe();
    const subscriber = new Subscriber({ linger: 0, receiveTimeout: 30_000 });
    onTestFinished(() => subscriber.close());
    subscriber.subscribe(String(topic));
    subscriber.connect(`tcp://127.0.0.1:${host.bus.ports.pub}`);
    subscribers.push(subscriber);
  }
  expect(await subscribe()).toEqual({ status: "error" });
  await host.bus.publish([indicator(1)]);
  const received = await Promise.all(subscribers.map((subscriber) => subscriber.receive()));
  expect(new Set(received.map(([frame]) => String(frame).slice(0, 32))).size).toBe(256);
  expect(received.every(([frame]) => String(frame).endsWith(JSON.stringify(indicator(1))))).toBe(true);
});

describe("the management port", () => {
  it.each([
    ['{"action":"foo"}', "unknown request"],
    ["{}", "unknown request"],
    ["not JSON", "error"],
    [[Buffer.from('{"action":"heartbeat","topic":"x"}'), Buffer.from("second frame")], "error"],
    [Buffer.from([0xff, 0xfe]), "error"],
    [Buffer.alloc(0), "error"],
  ])("answers %s with %s, and the next request as well", async (request, status) => {
    const host = openHost();
    expect(await ask(host.manage, request)).toEqual({ status });
    expect(host.refusals()).toEqual(["bad-request"]);
    expect(await ask(host.manage, { action: "subscribe", topic: "stix2" })).toMatchObject({ status: "success" });
  });

  it("property: any request in any number of frames gets one answer", async () => {
    const host = openHost({ maxApps: 10_000 });
    const socket = new Request({ linger: 0, receiveTimeout: 10_000 });
    socket.connect(`tcp://127.0.0.1:${host.manage}`);
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json({ maxDepth: 2 }),
      fc
        .record({ action: fc.constantFrom("subscribe", "unsubscribe", "heartbeat"), topic: fc.jsonValue() })
        .map((request) => JSON.stringify(request)),
    );
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 3 }), async (frames) => {
          await socket.send(frames.map((content) => Buffer.from(content)));
          const [answer] = await socket.receive();
          expect(JSON.parse(String(answer))).toHaveProperty("status");
        }),
        { numRuns: 500 },
      );
    } finally {
      socket.close();
    }
  });

  it("survives clients that vanish in the middle of a request, flood it, or do not speak ZeroMQ", async () => {
    const host = openHost();
    for (let n = 0; n < 20; n += 1) {
      const vanishing = new Request({ linger: 50 });
      vanishing.connect(`tcp://127.0.0.1:${host.manage}`);
      await vanishing.send('{"action":"heartbeat","topic":"x"}');
      vanishing.close();
      const raw = connect(host.manage, "127.0.0.1");
      raw.on("error", () => undefined);
      raw.write("GET / HTTP/1.1\r\n\r\n\u0000\u00ff", () => raw.destroy());
    }
    // Asks on and on and never reads an answer; without an envelope, with a wrong one, and in order.
    const flooding = new Dealer({ linger: 0 });
    flooding.connect(`tcp://127.0.0.1:${host.manage}`);
    for (let n = 0; n < 3_000; n += 1) {
      await flooding.send(
        n % 3 === 0 ? ["no envelope"] : n % 3 === 1 ? ["", ""] : ["", '{"action":"heartbeat","topic":"x"}'],
      );
    }
    expect(await ask(host.manage, { action: "subscribe", topic: "stix2" })).toMatchObject({ status: "success" });
    flooding.close();
  });

  it("drops the connection of a request above the size limit before it is in memory", async () => {
    const host = openHost();
    const huge = new Request({ linger: 0, receiveTimeout: 10_000 });
    const dropped = new Promise<void>((resolve) => huge.events.on("disconnect", () => resolve()));
    huge.connect(`tcp://127.0.0.1:${host.manage}`);
    await huge.send(Buffer.alloc(70_000, "x"));
    await dropped;
    huge.close();
    expect(host.events).toEqual([]);
    expect(await ask(host.manage, { action: "subscribe", topic: "stix2" })).toMatchObject({ status: "success" });
  });
});
