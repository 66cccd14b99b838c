import { describe, expect, it } from "vitest";
import { Publisher } from "zeromq";
import { message, openPublisher, openSource, subscribed, until } from "./helpers.ts";

describe("topics", () => {
  it("are compared for equality, though ZeroMQ's subscriptions are prefixes", async () => {
    const publisher = await openPublisher();
    const source = openSource({ port: publisher.port, topics: ["misp_json_object", "misp_json"] });
    for (const prefix of ["misp_json ", "misp_json_object "]) await subscribed(publisher, prefix);
    await publisher.publish([
      message("1", "misp_json_object_reference"),
      message("2", "misp_json_attribute"),
      message("3", "misp_json_object"),
      message("4", "misp_json"),
      message("5 with spaces", "misp_json"),
    ]);
    await until(() => source.notifications.length >= 3);
    expect(source.notifications.map(({ topic }) => topic)).toEqual(["misp_json_object", "misp_json", "misp_json"]);
    expect(source.bodies()).toEqual(["3", "4", "5 with spaces"]);
  });

  it("are those that indicators depend on, unless others are named", async () => {
    const publisher = await openPublisher();
    openSource({ port: publisher.port });
    for (const kind of ["_attribute", "_tag", "_event", ""]) await subscribed(publisher, `misp_json${kind} `);
  });
});

describe("bodies", () => {
  it("arrive byte for byte, whatever they are", async () => {
    const publisher = await openPublisher();
    const source = openSource({ port: publisher.port });
    await subscribed(publisher);
    const bodies = [Buffer.from([0xff, 0, 0x20, 0xfe]), Buffer.alloc(0), Buffer.alloc(2_000_000, 0x7b)];
    await publisher.publish(bodies.map((body) => ({ topic: "misp_json_attribute", body })));
    await until(() => source.notifications.length >= bodies.length);
    expect(source.notifications.map(({ body }) => Buffer.compare(bodies.shift() ?? Buffer.of(1), body))).toEqual([
      0, 0, 0,
    ]);
  });
});

describe("times", () => {
  it("grow strictly, also when the clock was further once", async () => {
    const publisher = await openPublisher();
    const future = Date.now() + 1e9;
    const source = openSource({ port: publisher.port, observedAfterMs: future });
    await subscribed(publisher);
    await publisher.publish(Array.from({ length: 50 }, (_, i) => message(String(i))));
    await until(() => source.notifications.length >= 50);
    let last = future;
    for (const { observedAtMs } of source.notifications) {
      expect(observedAtMs).toBeGreaterThan(last);
      last = observedAtMs;
    }
    expect(last - future).toBeLessThan(1);
  });

  it("follow the clock when it is ahead", async () => {
    const publisher = await openPublisher();
    const source = openSource({ port: publisher.port, observedAfterMs: 1 });
    await subscribed(publisher);
    const before = Date.now();
    await publisher.publish([message("1")]);
    await until(() => source.notifications.length > 0);
    expect(source.notifications[0]?.observedAtMs).toBeGreaterThanOrEqual(before);
  });
});

describe("an IPv6 address", () => {
  it.each(["::1", "[::1]"])("is connected to: %s", async (host) => {
    const publisher = new Publisher({ ipv6: true, linger: 0 });
    await publisher.bind("tcp://[::1]:*");
    const source = openSource({ host, port: Number(publisher.lastEndpoint?.split(":").at(-1)) });
    await source.reaches("connected");
    publisher.close();
  });
});
