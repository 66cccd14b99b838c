import type { StixObject } from "@tb/misp-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { Subscriber } from "zeromq";
import { openHost } from "./host.ts";
import { indicator, removal } from "./objects.ts";
import { consume } from "./value-model.ts";

/** More than the system's buffers hold for one connection that nobody reads from. */
const filling = Array.from({ length: 4_000 }, (_, n) => indicator(n + 1, { name: "x".repeat(2_000) }));

async function publishAll(publish: (objects: readonly StixObject[]) => Promise<void>, objects: readonly StixObject[]) {
  for (let from = 0; from < objects.length; from += 500) await publish(objects.slice(from, from + 500));
}

/** What a consumer holds that got these. */
function held(objects: readonly object[]): Set<unknown> {
  const patterns = new Set<unknown>();
  for (const object of objects) consume(patterns, JSON.stringify(object));
  return patterns;
}

describe("an app that does not read", () => {
  it("delays nobody, and gets what it missed as it is by then", async () => {
    const host = openHost({ pipeLength: 500 });
    const [fast, slow] = [await host.app(), await host.app({ reads: false })];
    await publishAll(host.bus.publish, filling);
    await publishAll(host.bus.publish, [...filling.slice(-500).map((_, n) => removal(3_501 + n)), indicator(1)]);
    await fast.until(() => fast.objects().at(-1)?.["name"] === "a1.example");
    expect(held(fast.objects()).size).toBe(3_500);

    slow.readNow();
    await slow.until(() => slow.objects().at(-1)?.["name"] === "a1.example");
    // What was announced and removed while it did not read went out as removals only.
    expect(slow.received.length).toBeLessThan(filling.length + 501);
    expect(held(slow.objects()).size).toBe(3_500);
    expect(host.kinds()).not.toContain("app-expired");
  });

  it("is told of and forgotten after its time, and its heartbeat says so", async () => {
    const host = openHost({ pipeLength: 500, stallTimeoutMs: 2_500 });
    const behind: string[] = [];
    const watching = (async () => {
      for await (const { state, detail } of host.bus.status()) if (state === "consumer-behind") behind.push(detail);
    })();
    const [fast, slow] = [await host.app(), await host.app({ reads: false })];
    await publishAll(host.bus.publish, filling);
    await host.until(() => host.kinds().includes("app-expired"));
    expect(host.events.at(-1)).toMatchObject({ kind: "app-expired", app: 2, cause: "behind" });
    expect(await slow.heartbeat()).toEqual({ status: "error" });
    expect(await fast.heartbeat()).toEqual({ status: "success" });
    await host.bus[Symbol.asyncDispose]();
    await watching;
    expect(behind.filter((detail) => detail.startsWith("app 2")).slice(-2)).toEqual([
      expect.stringMatching(/^app 2 \(indicators, .*\): nothing taken for .* s, \d+ changes wait$/),
      expect.stringContaining("app 2 is forgotten until it subscribes again"),
    ]);
  });

  it("is not forgotten for the snapshot that it asked for, during which a live removal wins", async () => {
    const host = openHost({ pipeLength: 100, stallTimeoutMs: 100, snapshotStallTimeoutMs: 20_000 });
    const slow = await host.app({ snapshot: 30, reads: false });
    const request = await host.nextRequest();
    const sent = (async () => {
      for (let from = 0; from < filling.length; from += 500) await request.send(filling.slice(from, from + 500));
      await request.end();
      return "all" as const;
    })();
    // Longer than an app may stall otherwise.
    const pause = new Promise((resolve) => setTimeout(() => resolve("stuck"), 600));
    expect(await Promise.race([sent, pause])).toBe("stuck");
    await host.bus.publish([removal(4_000), indicator(5_000)]);
    expect(host.kinds()).toEqual(["app-subscribed"]);
    slow.readNow();
    await sent;
    await slow.until(() => slow.objects().some(({ id }) => id === indicator(3_999).id));
    expect(await slow.heartbeat()).toEqual({ status: "success" });
    expect(slow.objects()).toContainEqual(removal(4_000));
    expect(slow.objects()).toContainEqual(indicator(5_000));
  });
});

describe("a live removal in the middle of a chunk that has no room", () => {
  it("wins: what the chunk still holds of it is not sent", async () => {
    const host = openHost({ pipeLength: 100, snapshotStallTimeoutMs: 8_000 });
    const slow = await host.app({ snapshot: 30, reads: false });
    const request = await host.nextRequest();
    const chunk = [...filling, indicator(5_000)];
    let sent = false;
    const sending = request.send(chunk).then(() => {
      sent = true;
    });
    // Told when nothing has found room for half of that time.
    for await (const { state } of host.bus.status()) if (state === "consumer-behind") break;
    expect(sent).toBe(false);
    await host.bus.publish([removal(4_000), removal(3_000)]);
    slow.readNow();
    await sending;
    await request.end();
    await slow.until(() => slow.objects().some(({ id }) => id === indicator(5_000).id));
    // Neither an announcement after its removal, nor one that the app need not have got.
    expect(slow.objects().filter(({ id }) => id === indicator(4_000).id)).toEqual([removal(4_000)]);
    expect(held(slow.objects())).toEqual(
      held(chunk.filter(({ id }) => id !== indicator(4_000).id && id !== indicator(3_000).id)),
    );
  });
});

it("apps that take nothing of their snapshots do not keep another from its own", async () => {
  const host = openHost({ pipeLength: 100 });
  for (let n = 0; n < 4; n += 1) {
    await host.app({ snapshot: 30, reads: false });
    void (await host.nextRequest()).send(filling);
  }
  await host.app({ snapshot: 1 });
  expect((await host.nextRequest()).sinceMs).toBe(86_400_000);
});

it("a stranger that subscribes to everything and reads nothing gets nothing and delays nobody", async () => {
  const host = openHost({ pipeLength: 100 });
  const stranger = new Subscriber({ linger: 0, receiveHighWaterMark: 1, receiveTimeout: 300 });
  onTestFinished(() => stranger.close());
  stranger.subscribe("");
  const connected = new Promise<void>((resolve) => stranger.events.on("handshake", () => resolve()));
  stranger.connect(`tcp://127.0.0.1:${host.bus.ports.pub}`);
  await connected;
  const app = await host.app();
  await publishAll(host.bus.publish, filling);
  await app.until(() => app.received.length >= filling.length);
  await expect(stranger.receive()).rejects.toMatchObject({ code: "EAGAIN" });
});

it("a stranger that subscribes to a topic without end loses its connection", async () => {
  const host = openHost();
  const stranger = new Subscriber({ linger: 0 });
  onTestFinished(() => stranger.close());
  const dropped = new Promise<void>((resolve) => stranger.events.on("disconnect", () => resolve()));
  stranger.subscribe("x".repeat(2_000));
  stranger.connect(`tcp://127.0.0.1:${host.bus.ports.pub}`);
  await dropped;
});
