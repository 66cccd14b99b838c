import { fork } from "node:child_process";
import type { Notification, Source, SourceStatus } from "@tb/misp-core";

/** Everything a source says, as it comes. */
export function follow(source: Source) {
  const statuses: SourceStatus[] = [];
  const notifications: Notification[] = [];
  const controller = new AbortController();
  const reading = (async () => {
    for await (const batch of source.read({ signal: controller.signal })) notifications.push(...batch.notifications);
  })();
  const watching = (async () => {
    for await (const status of source.status()) statuses.push(status);
  })();
  return {
    statuses,
    notifications,
    states: () => statuses.map(({ state }) => state),
    bodies: () => notifications.map(({ body }) => Buffer.from(body).toString()),
    async stop() {
      controller.abort();
      await reading;
      await source[Symbol.asyncDispose]();
      await watching;
    },
  };
}

/** Waits until a condition holds; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A publisher in a process of its own, that can be stopped and killed. */
export async function startPublisher(options: { readonly port: number; readonly password?: string }) {
  const child = fork(new URL("./publisher-child.ts", import.meta.url), [JSON.stringify(options)], {
    execArgv: ["--import", "tsx", "--conditions=@tb/source"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const answers: unknown[] = [];
  child.on("message", (answer) => answers.push(answer));
  await until(() => answers.length > 0);
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  return {
    child,
    /** Publishes so many numbered messages, at so many per second; resolves when they are out. */
    async publish(count: number, rate: number) {
      const before = answers.length;
      child.send({ count, rate });
      await until(() => answers.length > before);
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
