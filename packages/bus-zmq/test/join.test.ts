import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createZmqJoinBus, type ZmqBusEvent, type ZmqJoinBusOptions } from "../src/index.ts";
import { ask, startApp } from "./app.ts";
import { type AnswerRequest, type FakeHost, startFakeHost, success } from "./fake-host.ts";
import { openHost } from "./host.ts";
import { indicator, removal, sighting } from "./objects.ts";
import { createWatch } from "./watch.ts";

const topic = "a".repeat(32);

async function openFakeHost(answer?: AnswerRequest): Promise<FakeHost> {
  const host = await startFakeHost(answer);
  onTestFinished(host.stop);
  return host;
}

/** A bus that joins a host, and all that it says; gone when the test is over. */
function openBus(port: number, options: Partial<ZmqJoinBusOptions> = {}) {
  const events: ZmqBusEvent[] = [];
  const { changed, until } = createWatch();
  const bus = createZmqJoinBus({
    host: "127.0.0.1",
    port,
    ...options,
    onEvent(event) {
      events.push(event);
      changed();
    },
  });
  onTestFinished(() => bus[Symbol.asyncDispose]());
  return {
    bus,
    events,
    refusals: () => events.flatMap((event) => (event.kind === "refused" ? [event.reason] : [])),
    until,
    async reaches(wanted: string): Promise<string> {
      for await (const { state, detail } of bus.status()) if (state === wanted) return detail;
      throw new Error("the bus is closed");
    },
  };
}

const actions = (host: FakeHost) => host.requests.map(({ action }) => action);

describe("a joined Threat Bus", () => {
  it("is subscribed to for sightings, without a snapshot, and left in good order", async () => {
    const host = await openFakeHost();
    const { bus, reaches } = openBus(host.ports.manage);
    expect(await reaches("up")).toContain(`127.0.0.1:${host.ports.manage}`);
    await bus.publish([indicator(1), removal(1)]);
    await bus[Symbol.asyncDispose]();
    expect(host.requests).toEqual([
      { action: "subscribe", topic: ["stix2/sighting"], snapshot: 0 },
      { action: "unsubscribe", topic },
    ]);
    // What was handed over right before the end still arrives.
    await host.until(() => host.frames.length >= 2);
    expect(host.objects()).toEqual([indicator(1), removal(1)]);
  });

  it("gets the first object although the host takes its time to subscribe to us", async () => {
    const host = openHost();
    const app = await host.app();
    const { bus } = openBus(host.manage);
    await bus.publish([indicator(1)]);
    await app.until(() => app.received.length >= 1);
    expect(app.objects()).toEqual([indicator(1)]);
  });

  it("that forgets us is subscribed to again, and what it may not have got goes out once more, removals included", async () => {
    const host = await openFakeHost();
    const { bus, events, reaches, until } = openBus(host.ports.manage, { heartbeatIntervalMs: 50 });
    await reaches("up");
    await bus.publish([indicator(1), indicator(2), removal(1)]);
    await host.until(() => host.frames.length >= 3);
    host.answerWith(({ action }, ports) => (action === "heartbeat" ? { status: "error" } : success({ action }, ports)));
    await host.until(
      () => actions(host).includes("heartbeat") && actions(host).filter((a) => a === "subscribe").length >= 2,
    );
    host.answerWith(success);
    await until(() => events.some(({ kind }) => kind === "rejoined"));
    // The announcement of what was removed since is not repeated.
    await host.until(() => host.frames.length >= 5);
    expect(host.objects().slice(3, 5)).toEqual([indicator(2), removal(1)]);
    // It has forgotten us by itself.
    expect(actions(host)).not.toContain("unsubscribe");
  });

  it.each([
    ["gets again what was handed over shortly before the last good heartbeat", 10_000, 1],
    ["does not get again what was handed over long before it", 1, 0],
  ])("%s", async (_, repeatMs, repeated) => {
    const host = await openFakeHost();
    const { bus, events, reaches, until } = openBus(host.ports.manage, { heartbeatIntervalMs: 20, repeatMs });
    await reaches("up");
    await bus.publish([indicator(1)]);
    const heartbeats = () => actions(host).filter((action) => action === "heartbeat").length;
    const before = heartbeats();
    await host.until(() => heartbeats() >= before + 3);
    await host.stop();
    await reaches("down");
    await host.start();
    await until(() => events.some(({ kind }) => kind === "rejoined"));
    expect(events.at(-1)).toMatchObject({ kind: "rejoined", repeated });
  });

  it("that comes back gets what is rendered anew where the program can do that", async () => {
    const host = await openFakeHost();
    const current = new Map([[indicator(1).id, indicator(1, { name: "newer" })]]);
    const { bus, reaches } = openBus(host.ports.manage, { renderAgain: (id) => current.get(id) });
    await reaches("up");
    await bus.publish([indicator(1), indicator(2), removal(3)]);
    await host.until(() => host.frames.length >= 3);
    await host.stop();
    await reaches("down");
    await host.start();
    await host.until(() => host.frames.length >= 5);
    expect(host.objects().slice(3)).toEqual([indicator(1, { name: "newer" }), removal(3)]);
  });

  it("that was lost in the middle of a repetition gets the rest with the next", async () => {
    const host = await openFakeHost();
    const { bus, reaches } = openBus(host.ports.manage);
    await reaches("up");
    const objects = Array.from({ length: 300 }, (_, n) => indicator(n + 1));
    await bus.publish(objects);
    for (let round = 1; round <= 3; round += 1) {
      await host.stop();
      await reaches("down");
      await host.start();
      await reaches("up");
    }
    await bus.publish([removal(1)]);
    const last = () => host.frames.at(-1)?.includes("REMOVE") === true;
    await host.until(last);
    // After the last rejoin each came once more, in order, before what was new.
    expect(host.objects().slice(-301)).toEqual([...objects, removal(1)]);
  });

  it("that does not answer counts as down within the time for an answer, and the old subscription is ended later", async () => {
    const host = await openFakeHost();
    const { reaches, until, events } = openBus(host.ports.manage, { heartbeatIntervalMs: 20, answerTimeoutMs: 300 });
    await reaches("up");
    // From now on its management port says nothing any more, as when the real host's thread has died.
    host.answerWith(() => undefined);
    expect(await reaches("down")).toContain("does not answer within 0.3 s");
    host.answerWith(success);
    await host.stop();
    await host.start();
    await until(() => events.some(({ kind }) => kind === "rejoined"));
    await host.until(() => actions(host).includes("unsubscribe"));
    expect(host.requests.find(({ action }) => action === "unsubscribe")).toEqual({ action: "unsubscribe", topic });
  });

  it.each([
    ["a refusal", { status: "error" }, "refuses"],
    ["a port of 0", { topic, pub_port: 0, sub_port: 1, status: "success" }, "ports"],
    ["a port beyond 65535", { topic, pub_port: 1, sub_port: 70_000, status: "success" }, "ports"],
    ["a port that is a text", { topic, pub_port: "13371", sub_port: 13_372, status: "success" }, "ports"],
    ["no topic", { pub_port: 1, sub_port: 2, status: "success" }, "topic"],
    ["a topic with a space", { topic: "a b", pub_port: 1, sub_port: 2, status: "success" }, "topic"],
    ["an empty topic, which would be everything", { topic: "", pub_port: 1, sub_port: 2, status: "success" }, "topic"],
    ["no JSON", "not JSON", "JSON"],
    ["no object", "[]", "JSON"],
  ])("that answers with %s is not joined, and asked again", async (_, answer, detail) => {
    const host = await openFakeHost(() => answer);
    const { events, reaches, until } = openBus(host.ports.manage);
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({ kind: "join-failed", detail: expect.stringContaining(detail) });
    host.answerWith(success);
    await reaches("up");
  });

  it("that answers without end is not listened to", async () => {
    const host = await openFakeHost((request, ports) => ({
      ...Object(success(request, ports)),
      more: "x".repeat(100_000),
    }));
    const { events, reaches, until } = openBus(host.ports.manage, { answerTimeoutMs: 300 });
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({ kind: "join-failed", detail: expect.stringContaining("does not answer") });
    host.answerWith(success);
    await reaches("up");
  });

  it("whose other ports cannot be reached is not joined", async () => {
    const host = await openFakeHost((request, ports) => success(request, { ...ports, pub: 1, sub: 1 }));
    const { events, until } = openBus(host.ports.manage, { answerTimeoutMs: 300 });
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({ kind: "join-failed", detail: expect.stringContaining("127.0.0.1:1") });
  });

  it.each(["manage", "sub"] as const)("that names its %s port as its pub port is not joined", async (name) => {
    const host = await openFakeHost((request, ports) => success(request, { ...ports, pub: ports[name] }));
    const { events, until, reaches } = openBus(host.ports.manage, { answerTimeoutMs: 500 });
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({ kind: "join-failed", detail: expect.stringContaining("127.0.0.1") });
    host.answerWith(success);
    await reaches("up");
  });

  it("that accepts connections and says nothing on them is not joined", async () => {
    const silent = createServer();
    const port = await new Promise<number>((resolve) => {
      silent.listen(0, "127.0.0.1", () => resolve((silent.address() as { port: number }).port));
    });
    onTestFinished(() => void silent.close());
    const host = await openFakeHost((request, ports) => success(request, { ...ports, pub: port, sub: port }));
    const { events, until, bus } = openBus(host.ports.manage, { answerTimeoutMs: 300 });
    await until(() => events.length > 0);
    expect(events[0]).toMatchObject({
      kind: "join-failed",
      detail: expect.stringContaining("not both connected within 0.3 s"),
    });
    await bus[Symbol.asyncDispose]();
  });

  it("that vanishes while we publish has everything in the end, removals after their announcements", async () => {
    const host = await openFakeHost();
    const { bus, reaches } = openBus(host.ports.manage, { answerTimeoutMs: 500 });
    await reaches("up");
    const objects = Array.from({ length: 6_000 }, (_, n) => indicator(n + 1, { name: "x".repeat(500) }));
    const published = (async () => {
      for (let from = 0; from < objects.length; from += 500) await bus.publish(objects.slice(from, from + 500));
      await bus.publish([removal(1), removal(6_000)]);
    })();
    for (const frames of [1_000, 4_000]) {
      await host.until(() => host.frames.length >= frames);
      await host.stop();
      await host.start();
    }
    await published;
    const isLast = (frame = "") => frame.includes('"x_threatbus_update":"REMOVE"') && frame.includes(removal(6_000).id);
    await host.until(() => isLast(host.frames.at(-1)));
    const held = new Set<unknown>();
    for (const object of host.objects()) {
      if (object["x_threatbus_update"] === "REMOVE") held.delete(object.id);
      else held.add(object.id);
    }
    expect(held).toEqual(new Set(objects.slice(1, -1).map(({ id }) => id)));
  });

  it("that has answered is left in good order, also when the bus is closed before it has joined", async () => {
    const host = await openFakeHost((request, ports) => success(request, { ...ports, pub: 1, sub: 1 }));
    const { bus } = openBus(host.ports.manage);
    await host.until(() => host.requests.length > 0);
    // It answers, and the bus tries to reach the two other ports.
    await ask(host.ports.manage, { action: "heartbeat", topic });
    await bus[Symbol.asyncDispose]();
    expect(actions(host)).toEqual(["subscribe", "heartbeat", "unsubscribe"]);
  });

  it("may send anything: it is counted, and sightings go on", async () => {
    const host = await openFakeHost();
    const { bus, reaches, refusals, until } = openBus(host.ports.manage);
    await reaches("up");
    await host.until(() => host.subscriptions.has(topic));
    const send = (kind: string, object: unknown) => host.send(`${topic}${kind} ${JSON.stringify(object)}`);
    await host.send(topic);
    await host.send(`${topic}sighting {`);
    await host.send([`${topic}sighting {}`, "second frame"]);
    await host.send(Buffer.from([...Buffer.from(`${topic}sighting `), 0xff]));
    await send("sighting", indicator(1));
    await send("sighting", { type: "sighting" });
    await send("identity", {});
    for (const snapshot of ["x", null, -1, 1e300]) {
      await send("snapshotrequest", { type: "snapshotrequest", snapshot_type: 1, snapshot_id: "x", snapshot });
    }
    await send("snapshotrequest", { type: "snapshotrequest", snapshot_type: 1, snapshot: 5 });
    await send("snapshotrequest", []);
    // Sightings are asked for as well, and the program keeps none.
    await send("snapshotrequest", { type: "snapshotrequest", snapshot_type: 2, snapshot_id: "x", snapshot: 5 });
    await send("sighting", sighting(1));
    const sightings = bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    expect((await sightings.next()).value?.sighting).toEqual(sighting(1));
    await until(() => refusals().length >= 13);
    expect(refusals()).toEqual([
      ...Array(4).fill("bad-frame"),
      ...Array(2).fill("bad-object"),
      "unknown-topic",
      ...Array(6).fill("bad-object"),
    ]);
  });

  it("that sends more at once than there is room for is left, and joined again", async () => {
    const host = await openFakeHost();
    const { bus, reaches, events, until } = openBus(host.ports.manage, { maxMessageBytes: 10_000 });
    await reaches("up");
    await host.until(() => host.subscriptions.has(topic));
    await host.send(`${topic}sighting ${JSON.stringify(sighting(1, { x_large: "x".repeat(20_000) }))}`);
    await until(() => events.some(({ kind }) => kind === "rejoined"));
    await host.until(() => host.subscriptions.has(topic));
    const sightings = bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    const next = sightings.next();
    await host.send(`${topic}sighting ${JSON.stringify(sighting(2))}`);
    expect((await next).value?.sighting).toEqual(sighting(2));
  });

  it("that is lost during a snapshot gets nothing more of it", async () => {
    const host = await openFakeHost();
    const { bus, reaches } = openBus(host.ports.manage);
    await reaches("up");
    await host.until(() => host.subscriptions.has(topic));
    const request = { type: "snapshotrequest", snapshot_type: 1, snapshot_id: "x", snapshot: 86_400 };
    const requests = bus.snapshotRequests({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    await host.send(`${topic}snapshotrequest ${JSON.stringify(request)}`);
    const { value } = await requests.next();
    await value?.send([indicator(1)]);
    await host.until(() => host.frames.length > 0);
    expect(host.objects("threatbus/snapshotenvelope")).toEqual([
      { type: "snapshotenvelope", snapshot_type: 1, snapshot_id: "x", body: indicator(1) },
    ]);
    await host.stop();
    await reaches("down");
    expect(value?.signal.aborted).toBe(true);
    await value?.send([indicator(2)]);
    await host.start();
    await bus.publish([indicator(3)]);
    await host.until(() => host.objects().length > 0);
    expect(host.objects("threatbus/snapshotenvelope")).toHaveLength(1);
  });

  it("makes publish wait while more would have to be remembered than there is room for", async () => {
    const host = await openFakeHost();
    const { bus, reaches } = openBus(host.ports.manage, { heartbeatIntervalMs: 400, repeatMs: 1, maxRemembered: 10 });
    await reaches("up");
    const heartbeats = () => actions(host).filter((action) => action === "heartbeat").length;
    await bus.publish(Array.from({ length: 9 }, (_, n) => indicator(n + 1)));
    expect(heartbeats()).toBe(0);
    await bus.publish(Array.from({ length: 3 }, (_, n) => indicator(n + 10)));
    expect(heartbeats()).toBeGreaterThan(0);
    await host.until(() => host.frames.length >= 12);
  });
});

describe("our own host, joined", () => {
  it("passes announcements, removals, sightings and snapshots on in both directions", async () => {
    const host = openHost();
    const app = await host.app({ topic: "stix2" });
    await (await host.nextRequest()).end();
    const { bus, reaches } = openBus(host.manage);
    await reaches("up");
    await bus.publish([indicator(1), removal(1)]);
    await app.until(() => app.received.length >= 2);
    expect(app.objects()).toEqual([indicator(1), removal(1)]);

    const sightings = bus.sightings({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    await app.publish(sighting(1), "stix2/sighting");
    expect((await sightings.next()).value?.sighting).toEqual(sighting(1));

    const requests = bus.snapshotRequests({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    const asking = await startApp(host.bus.ports, { snapshot: 2 });
    onTestFinished(asking.close);
    const { value } = await requests.next();
    expect(value?.sinceMs).toBe(2 * 86_400_000);
    await value?.send([removal(2), indicator(3)]);
    await value?.end();
    await asking.until(() => asking.received.length >= 2);
    expect(asking.objects()).toEqual([removal(2), indicator(3)]);
  });

  it("is left when the bus is closed, and asks nobody for the snapshot of an app that is alone", async () => {
    const host = openHost();
    const { bus, reaches } = openBus(host.manage);
    await reaches("up");
    await bus[Symbol.asyncDispose]();
    await host.until(() => host.kinds().includes("app-unsubscribed"));
    expect(await ask(host.manage, { action: "subscribe", topic: "stix2/sighting", snapshot: 1 })).toMatchObject({
      status: "success",
    });
    expect(host.kinds()).not.toContain("app-expired");
  });
});
