import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { createZmqJoinBus } from "../src/index.ts";
import { startFakeHost } from "./fake-host.ts";
import { openHost } from "./host.ts";
import { indicator } from "./objects.ts";

const index = JSON.stringify(new URL("../src/index.ts", import.meta.url).href);
const helpers = JSON.stringify(new URL("./app.ts", import.meta.url).href);

/** Runs in a process of its own, which must end by itself. */
async function run(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--conditions=@tb/source", "--input-type=module", "-e", script],
    { cwd: new URL("..", import.meta.url), timeout: 15_000 },
  );
  return stdout;
}

const readAll = `
  const { signal } = new AbortController();
  const ends = [bus.sightings({ signal }), bus.snapshotRequests({ signal }), bus.status()].map(async (values) => { for await (const _ of values); });`;
const dispose = `
  const since = performance.now();
  await Promise.all([bus[Symbol.asyncDispose](), bus[Symbol.asyncDispose]()]);
  await Promise.all(ends);
  console.log(performance.now() - since < 2000);`;

describe("a closed bus leaves nothing that keeps its process alive", () => {
  it("when it is a host, with apps that listen, that do not, and that are slow", async () => {
    const script = `
      import { createZmqHostBus } from ${index};
      import { startApp } from ${helpers};
      const bus = createZmqHostBus({ manage: 0, pub: 0, sub: 0, pipeLength: 10 });
      ${readAll}
      const apps = [await startApp(bus.ports), await startApp(bus.ports, { reads: false }), await startApp(bus.ports, { listens: false })];
      const object = { type: "indicator", spec_version: "2.1", name: "x".repeat(10_000) };
      await bus.publish(Array.from({ length: 2_000 }, (_, n) => ({ ...object, id: "indicator--" + n })));
      ${dispose}
      for (const app of apps) await app.close();`;
    expect(await run(script)).toBe("true\n");
  });

  it("when it never joined, and something waits", async () => {
    const script = `
      import { createZmqJoinBus } from ${index};
      const bus = createZmqJoinBus({ host: "127.0.0.1", port: 1 });
      ${readAll}
      const waiting = bus.publish([{ type: "indicator", spec_version: "2.1", id: "indicator--1" }]).catch(({ code }) => console.log(code));
      ${dispose}
      await waiting;`;
    expect((await run(script)).split("\n").sort()).toEqual(["", "disposed", "true"]);
  });

  it("when it has joined", async () => {
    const host = openHost();
    const script = `
      import { createZmqJoinBus } from ${index};
      const bus = createZmqJoinBus({ host: "127.0.0.1", port: ${host.manage} });
      ${readAll}
      for await (const { state } of bus.status()) if (state === "up") break;
      ${dispose}`;
    expect(await run(script)).toBe("true\n");
    expect(host.kinds()).toEqual(["app-subscribed", "app-unsubscribed"]);
  });
});

const large = (count: number, characters: number) =>
  Array.from({ length: count }, (_, n) => indicator(n + 1, { name: "x".repeat(characters) }));

describe("what was handed over right before the end still arrives", () => {
  it("at the apps of a host", async () => {
    const host = openHost();
    const app = await host.app();
    await (await host.nextRequest()).end();
    const objects = large(4_000, 4_000);
    await host.bus.publish(objects);
    await host.bus[Symbol.asyncDispose]();
    await app.until(() => app.received.length >= objects.length);
    expect(app.objects().map(({ id }) => id)).toEqual(objects.map(({ id }) => id));
  });

  it("at a joined host", async () => {
    const host = await startFakeHost();
    onTestFinished(host.stop);
    const bus = createZmqJoinBus({ host: "127.0.0.1", port: host.ports.manage });
    const objects = large(900, 20_000);
    await bus.publish(objects);
    await bus[Symbol.asyncDispose]();
    await host.until(() => host.frames.length >= objects.length);
  });
});
