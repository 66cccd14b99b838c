import { execFile } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { promisify } from "node:util";
import { describeSource } from "@tb/misp-core/testing";
import { createZmqPublisher, type ZmqPublisher } from "@tb/misp-simulator";
import { afterEach, describe, expect, it } from "vitest";
import { createZmqSource, ZmqSourceError, type ZmqSourceOptions } from "../src/index.ts";
import { follow, startPublisher, until } from "./helpers.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function publisher(options: Parameters<typeof createZmqPublisher>[0] = {}): Promise<ZmqPublisher> {
  const made = await createZmqPublisher({ watchSubscriptions: true, heartbeatAfterMs: 0, ...options });
  cleanups.push(() => Promise.resolve(made[Symbol.asyncDispose]()));
  return made;
}
function source(options: ZmqSourceOptions) {
  const made = follow(createZmqSource(options));
  cleanups.push(() => made.stop());
  return made;
}
/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === "object" ? address.port : 0;
}
const subscribed = (to: ZmqPublisher, topic = "misp_json_attribute ", count = 1) =>
  to.subscriptions.atLeast(topic, count);
const message = (body: string, topic = "misp_json_attribute") => ({ topic, body });

describeSource("the ZeroMQ source", async () => {
  const from = await createZmqPublisher({ watchSubscriptions: true, heartbeatAfterMs: 0 });
  const made = createZmqSource({ host: "127.0.0.1", port: from.port });
  await subscribed(from);
  return {
    source: made,
    send: (bodies) => from.publish(bodies.map((body) => message(body))),
    async dispose() {
      await made[Symbol.asyncDispose]();
      await from[Symbol.asyncDispose]();
    },
  };
});

describe("topics", () => {
  it("are compared for equality, though ZeroMQ's subscriptions are prefixes", async () => {
    const from = await publisher();
    const to = source({ host: "127.0.0.1", port: from.port, topics: ["misp_json_object", "misp_json"] });
    await subscribed(from, "misp_json ");
    await from.publish([
      message("1", "misp_json_object_reference"),
      message("2", "misp_json_attribute"),
      message("3", "misp_json_object"),
      message("4", "misp_json"),
      message("5 with spaces", "misp_json"),
    ]);
    await until(() => to.notifications.length >= 3);
    expect(to.notifications.map(({ topic }) => topic)).toEqual(["misp_json_object", "misp_json", "misp_json"]);
    expect(to.bodies()).toEqual(["3", "4", "5 with spaces"]);
  });
});

describe("times", () => {
  it("grow strictly, also when the clock was further once", async () => {
    const from = await publisher();
    const future = Date.now() + 1e9;
    const to = source({ host: "127.0.0.1", port: from.port, observedAfterMs: future });
    await subscribed(from);
    await from.publish(Array.from({ length: 50 }, (_, i) => message(String(i))));
    await until(() => to.notifications.length >= 50);
    let last = future;
    for (const { observedAtMs } of to.notifications) {
      expect(observedAtMs).toBeGreaterThan(last);
      last = observedAtMs;
    }
  });
});

describe("a publisher", () => {
  it("that starts late is found", async () => {
    const port = await freePort();
    const to = source({ host: "127.0.0.1", port });
    await until(() => to.statuses.some(({ detail }) => detail.includes("not reachable")));
    const from = await publisher({ port });
    await subscribed(from);
    await from.publish([message("1")]);
    await until(() => to.notifications.length > 0);
    expect(to.states()).not.toContain("gap");
  });

  it("that restarts or rebinds is found again, and the gap is reported", async () => {
    const from = await publisher();
    const to = source({ host: "127.0.0.1", port: from.port });
    await subscribed(from);
    await from.publish([message("1")]);
    await until(() => to.notifications.length > 0);
    await from.rebind();
    await subscribed(from);
    await from.publish([message("2")]);
    await until(() => to.notifications.length > 1);
    await until(() => to.states().includes("gap"));
    const changes = to.states().filter((state, i, all) => state !== all[i - 1]);
    expect(changes).toEqual(["disconnected", "connected", "disconnected", "connected", "gap"]);
    expect(to.statuses.at(-1)).toMatchObject({ cause: "reconnect" });
  });

  it("that is killed and started again is found again", async () => {
    const port = await freePort();
    const first = await startPublisher({ port });
    const to = source({ host: "127.0.0.1", port });
    await until(() => to.states().includes("connected"));
    await first.kill();
    await until(() => to.states().filter((state) => state === "disconnected").length > 1);
    const second = await startPublisher({ port });
    cleanups.push(() => second.kill());
    await until(() => to.states().includes("gap"));
    await until(() => {
      second.child.send({ count: 1, rate: 1000 });
      return to.notifications.length > 0;
    });
  });

  it("that is frozen is reported within 5 s", async () => {
    const port = await freePort();
    const frozen = await startPublisher({ port });
    cleanups.push(() => frozen.kill());
    const to = source({ host: "127.0.0.1", port });
    await until(() => to.states().includes("connected"));
    frozen.child.kill("SIGSTOP");
    const since = performance.now();
    await until(() => to.states().at(-1) === "disconnected");
    expect(performance.now() - since).toBeLessThan(5_000);
  });

  it("that accepts the connection and never says anything is reported", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    const address = server.address();
    const to = source({ host: "127.0.0.1", port: typeof address === "object" ? (address?.port ?? 0) : 0 });
    await until(() => sockets.length > 0);
    const before = to.statuses.length;
    await until(() => to.statuses.length > before);
    expect(["disconnected", "handshake-failed"]).toContain(to.states().at(-1));
  });
});
describe("authentication", () => {
  const credentials = (password: string) => ({ username: "misp", password });

  it.each([
    ["a wrong password", credentials("right"), credentials("wrong"), credentials("wrong")],
    ["a publisher without, a subscriber with", undefined, credentials("x"), credentials("x")],
    ["a publisher with, a subscriber without", credentials("x"), undefined, undefined],
  ])(
    "%s is reported; once the publisher is corrected, messages flow within 35 s",
    async (_, theirs, ours, corrected) => {
      const from = await publisher(theirs === undefined ? {} : { credentials: theirs });
      const to = source({ host: "127.0.0.1", port: from.port, ...(ours ?? {}) });
      await until(() => to.states().includes("handshake-failed"));
      expect(to.statuses.find(({ state }) => state === "handshake-failed")?.detail).not.toContain(
        ours?.password ?? "\0",
      );
      await from.rebind({ credentials: corrected });
      const since = performance.now();
      await until(() => to.states().at(-1) === "connected");
      await subscribed(from);
      await from.publish([message("1")]);
      await until(() => to.notifications.length > 0);
      expect(performance.now() - since).toBeLessThan(35_000);
    },
    60_000,
  );
});

describe("load", () => {
  it("20,000 messages at 20,000/s while the loop is blocked for 2 s: nothing is lost", async () => {
    const port = await freePort();
    const from = await startPublisher({ port });
    cleanups.push(() => from.kill());
    const to = source({ host: "127.0.0.1", port });
    await until(() => to.states().includes("connected"));
    await until(() => {
      from.child.send({ count: 1, rate: 1000 });
      return to.notifications.length > 0;
    });
    const sent = from.publish(20_000, 20_000);
    await until(() => to.notifications.length > 100);
    const blockedUntil = performance.now() + 2_000;
    while (performance.now() < blockedUntil);
    await sent;
    const n = (body: string) => (JSON.parse(body) as { n: number }).n;
    const first = n(to.bodies()[0] ?? "");
    await until(() => n(to.bodies().at(-1) ?? "") - first >= 20_000);
    const numbers = to.bodies().map(n);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => first + i));
    expect(to.states()).not.toContain("gap");
  }, 60_000);

  it("what finds no room is lost, counted, and reported once there is room again", async () => {
    const from = await publisher();
    const made = createZmqSource({ host: "127.0.0.1", port: from.port, maxQueuedMessages: 10, maxBatch: 4 });
    await subscribed(from);
    await from.publish(Array.from({ length: 100 }, (_, i) => message(String(i))));
    // The queue fills without a reader; the last message tells that all have arrived.
    const probe = follow(createZmqSource({ host: "127.0.0.1", port: from.port }));
    cleanups.push(() => probe.stop());
    await subscribed(from, "misp_json_attribute ", 2);
    await from.publish([message("last")]);
    await until(() => probe.notifications.length > 0);
    const to = follow(made);
    cleanups.push(() => to.stop());
    await until(() => to.states().includes("gap"));
    expect(to.bodies()).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    expect(to.statuses.find(({ state }) => state === "gap")).toMatchObject({ cause: "overflow", lost: 91 });
  });

  it("the queue is bounded in bytes too", async () => {
    const from = await publisher();
    const made = createZmqSource({ host: "127.0.0.1", port: from.port, maxQueuedBytes: 1_000 });
    await subscribed(from);
    await from.publish([message("x".repeat(600)), message("y".repeat(600)), message("z".repeat(100))]);
    const probe = follow(createZmqSource({ host: "127.0.0.1", port: from.port }));
    cleanups.push(() => probe.stop());
    await subscribed(from, "misp_json_attribute ", 2);
    await from.publish([message("last")]);
    await until(() => probe.notifications.length > 0);
    const to = follow(made);
    cleanups.push(() => to.stop());
    await until(() => to.notifications.length >= 3);
    expect(to.bodies().map((body) => body[0])).toEqual(["x", "z", "l"]);
  });
});

describe("closing", () => {
  it("leaves nothing that keeps a process alive", async () => {
    const script = `
      import { createZmqSource } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
      const source = createZmqSource({ host: "127.0.0.1", port: 1 });
      const read = source.read({ signal: new AbortController().signal })[Symbol.asyncIterator]().next();
      await source[Symbol.asyncDispose]();
      await source[Symbol.asyncDispose]();
      console.log((await read).done);`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", "--conditions=@tb/source", "--input-type=module", "-e", script],
      { cwd: new URL("..", import.meta.url), timeout: 10_000 },
    );
    expect(stdout).toBe("true\n");
  });
});

describe("options that make no sense", () => {
  it.each<[string, Partial<ZmqSourceOptions>]>([
    ["invalid_host", { host: "" }],
    ["invalid_host", { host: "tcp://misp" }],
    ["invalid_port", { port: 0 }],
    ["invalid_port", { port: 65_536 }],
    ["invalid_port", { port: 1.5 }],
    ["invalid_topics", { topics: [] }],
    ["invalid_topics", { topics: ["a b"] }],
    ["invalid_credentials", { username: "x" }],
    ["invalid_credentials", { password: "x" }],
    ["invalid_credentials", { username: "x", password: "y".repeat(256) }],
    ["invalid_bound", { maxQueuedMessages: 0 }],
    ["invalid_bound", { maxQueuedBytes: Number.NaN }],
    ["invalid_bound", { maxBatch: Number.POSITIVE_INFINITY }],
  ])("%s: %j", (code, options) => {
    const make = () => createZmqSource({ host: "127.0.0.1", ...options });
    expect(make).toThrow(ZmqSourceError);
    expect(make).toThrow(`(${code})`);
  });
});
