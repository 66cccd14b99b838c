import { fork } from "node:child_process";
import type { Notification, Source, SourceStatus } from "@tb/misp-core";
import { createZmqPublisher, type ZmqPublisher, type ZmqPublisherOptions } from "@tb/misp-simulator";
import { onTestFinished } from "vitest";
import { createZmqSource, type ZmqSourceOptions } from "../src/index.ts";

/** A publisher in this process, gone when the test is over. */
export async function openPublisher(options: ZmqPublisherOptions = {}): Promise<ZmqPublisher> {
  const publisher = await createZmqPublisher({ watchSubscriptions: true, heartbeatAfterMs: 0, ...options });
  onTestFinished(() => Promise.resolve(publisher[Symbol.asyncDispose]()));
  return publisher;
}

/** A source on this machine and all that it says, gone when the test is over. */
export function openSource(options: Partial<ZmqSourceOptions>) {
  return follow(createZmqSource({ host: "127.0.0.1", ...options }));
}

/** Everything that a source says, as it comes; disposes of the source when the test is over. */
export function follow(source: Source) {
  const statuses: SourceStatus[] = [];
  const notifications: Notification[] = [];
  const batchSizes: number[] = [];
  const controller = new AbortController();
  const reading = (async () => {
    for await (const batch of source.read({ signal: controller.signal })) {
      batchSizes.push(batch.notifications.length);
      for (const notification of batch.notifications) notifications.push(notification);
    }
  })();
  const watching = (async () => {
    for await (const status of source.status()) statuses.push(status);
  })();
  const states = () => statuses.map(({ state }) => state);
  onTestFinished(async () => {
    controller.abort();
    await reading;
    await source[Symbol.asyncDispose]();
    await watching;
  });
  return {
    statuses,
    notifications,
    batchSizes,
    states,
    /** Without repetitions, and without a state that does not matter. */
    changes: (besides?: SourceStatus["state"]) =>
      states()
        .filter((state) => state !== besides)
        .filter((state, i, all) => state !== all[i - 1]),
    bodies: () => notifications.map(({ body }) => Buffer.from(body).toString()),
    /** Waits until it has said so much about its connection. */
    reaches: (state: SourceStatus["state"]) => until(() => states().includes(state)),
  };
}

/** Waits until a condition holds; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Blocks the event loop, as work that does not yield does. */
export function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

export const subscribed = (to: ZmqPublisher, topic = "misp_json_attribute ", count = 1): Promise<void> =>
  to.subscriptions.atLeast(topic, count);

export const message = (body: string, topic = "misp_json_attribute") => ({ topic, body });

/** A publisher in a process of its own, that can be stopped and killed; gone when the test is over. */
export async function startPublisher(options: { readonly port: number; readonly highWaterMark?: number }) {
  const child = fork(new URL("./publisher-child.ts", import.meta.url), [JSON.stringify(options)], {
    execArgv: ["--import", "tsx", "--conditions=@tb/source"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  /** Ids of the commands that are done; 0 when it has started. */
  const done = new Set<unknown>();
  child.on("message", (id) => done.add(id));
  await until(() => done.has(0));
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  let last = 0;
  const run = async (command: object) => {
    const id = ++last;
    child.send({ ...command, id });
    await until(() => done.has(id));
  };
  return {
    /** Publishes so many numbered messages, at so many per second; resolves when they are out. */
    publish: (count: number, rate: number, bytes?: number) => run({ count, rate, bytes }),
    /** Begins something and does not wait for it. */
    send: (command: object) => void child.send(command),
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
    kill,
  };
}
