import { describe, expect, it } from "vitest";
import { freePort } from "../../../tools/free-port.ts";
import { createZmqSource } from "../src/index.ts";
import { block, follow, message, openPublisher, openSource, startPublisher, subscribed, until } from "./helpers.ts";

/** Publishes, and waits until as much must have arrived at everyone: a second source has it. */
async function publishAll(publisher: Awaited<ReturnType<typeof openPublisher>>, bodies: readonly string[]) {
  const probe = openSource({ port: publisher.port });
  await subscribed(publisher, "misp_json_attribute ", 2);
  await publisher.publish(bodies.map((body) => message(body)));
  await until(() => probe.notifications.length >= bodies.length);
}
const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i));

describe("load", () => {
  it.each([
    ["20,000 messages at 20,000/s while the loop is blocked for 2 s", { count: 20_000, rate: 20_000, bytes: 600 }, 0],
    // More than fits into the system's buffers: with a bound in our socket, the publisher would drop.
    ["24 MB while the loop is blocked and MISP's bound is 1000", { count: 8_000, rate: 6_000, bytes: 3_000 }, 1_000],
  ])(
    "%s: nothing is lost",
    async (_, { count, rate, bytes }, highWaterMark) => {
      const port = await freePort();
      const publisher = await startPublisher({ port, highWaterMark });
      const source = openSource({ port });
      await source.reaches("connected");
      await until(() => {
        publisher.send({ count: 1, rate: 1000 });
        return source.notifications.length > 0;
      });
      const sent = publisher.publish(count, rate, bytes);
      await until(() => source.notifications.length > 100);
      block(2_000);
      await sent;
      const n = (body: string) => (JSON.parse(body) as { n: number }).n;
      const first = n(source.bodies()[0] ?? "");
      await until(() => n(source.bodies().at(-1) ?? "") - first >= count);
      const received = source.bodies().map(n);
      expect(received).toEqual(Array.from({ length: received.length }, (_, i) => first + i));
      expect(source.changes()).toEqual(["disconnected", "connected"]);
    },
    60_000,
  );

  it("what has come together is one batch, of `maxBatch` at most", async () => {
    const publisher = await openPublisher({ highWaterMark: 0 });
    const source = openSource({ port: publisher.port, maxBatch: 300 });
    await subscribed(publisher);
    await source.reaches("connected");
    const sent = publisher.publish(numbers(3_000).map((body) => message(body)));
    await until(() => source.notifications.length >= 3_000);
    await sent;
    expect(source.bodies()).toEqual(numbers(3_000));
    expect(Math.max(...source.batchSizes)).toBeLessThanOrEqual(300);
    expect(source.batchSizes.length).toBeLessThan(300);
  });
});

describe("the queue", () => {
  it("is bounded: what finds no room is lost and counted, what waits is complete up to there", async () => {
    const publisher = await openPublisher();
    const made = createZmqSource({ host: "127.0.0.1", port: publisher.port, maxQueuedMessages: 10, maxBatch: 4 });
    await subscribed(publisher);
    await publishAll(publisher, numbers(101));
    const source = follow(made);
    await until(() => source.notifications.length >= 10);
    expect(source.bodies()).toEqual(numbers(10));
    expect(source.batchSizes).toEqual([4, 4, 2]);
    // There is room again.
    await publisher.publish([message("last")]);
    await until(() => source.bodies().at(-1) === "last");
  });

  it("reports what is lost although nobody reads, at once and then summed up", async () => {
    const publisher = await openPublisher();
    const made = createZmqSource({ host: "127.0.0.1", port: publisher.port, maxQueuedMessages: 10 });
    const statuses: unknown[] = [];
    let lost = 0;
    const watching = (async () => {
      for await (const status of made.status()) {
        if (status.state !== "gap") continue;
        statuses.push(status);
        lost += status.lost ?? 0;
      }
    })();
    await subscribed(publisher);
    await publishAll(publisher, numbers(101));
    await until(() => lost > 0);
    expect(lost).toBe(1);
    await until(() => lost >= 91);
    expect(lost).toBe(91);
    expect(statuses).toHaveLength(2);
    expect(statuses[1]).toMatchObject({ cause: "overflow", lost: 90 });
    await made[Symbol.asyncDispose]();
    await watching;
  });

  it("is bounded in bytes too", async () => {
    const publisher = await openPublisher();
    const made = createZmqSource({ host: "127.0.0.1", port: publisher.port, maxQueuedBytes: 1_000 });
    await subscribed(publisher);
    await publishAll(publisher, ["x".repeat(600), "y".repeat(600), "z".repeat(100), "last"]);
    const source = follow(made);
    await until(() => source.notifications.length >= 3);
    expect(source.bodies().map((body) => body[0])).toEqual(["x", "z", "l"]);
  });
});
