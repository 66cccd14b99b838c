import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createZmqPublisher, type ZmqPublisher } from "@tb/misp-simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

let folder: string;
let publisher: ZmqPublisher;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "program-"));
  publisher = await createZmqPublisher({ watchSubscriptions: true, highWaterMark: 0 });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await publisher[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The real program; its objects are read unless told otherwise. */
async function start(options: { readonly filter?: string; readonly read?: boolean } = {}) {
  writeFileSync(
    join(folder, "config.yaml"),
    `plugins: { apps: { misp: { zmq: { host: 127.0.0.1, port: ${publisher.port} }${options.filter === undefined ? "" : `, filter: ${options.filter}`} } } }`,
  );
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), "--conditions=@tb/source", main], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const objects: { name: string; x_threatbus_update?: string }[] = [];
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk));
  if (options.read !== false)
    createInterface({ input: child.stdout }).on("line", (line) => objects.push(JSON.parse(line)));
  const exited = once(child, "exit").then(([code]) => code as number | null);
  const before = publisher.subscriptions;
  await before.atLeast("misp_json_attribute ", 1);
  return { child, objects, exited, log: () => log };
}
const uuid = (n: number) => `5f7b2284-bdd8-4ef4-b457-${String(n).padStart(12, "0")}`;
const attribute = (n: number, action = "add", part: object = {}) => ({
  topic: "misp_json_attribute",
  body: JSON.stringify({
    Attribute: {
      id: String(n),
      event_id: "1",
      uuid: uuid(n),
      type: "domain",
      value: `host-${n}.example`,
      to_ids: true,
      timestamp: "1795494395",
      ...part,
    },
    Event: { id: "1", uuid: uuid(999), orgc_id: "1" },
    action,
  }),
});

describe("the program", () => {
  it("after a clean stop announces nothing again; with another filter only what differs", async () => {
    const first = await start();
    await publisher.publish([attribute(1), attribute(2), attribute(3, "add", { type: "hostname" })]);
    await until(() => first.objects.length === 3);
    first.child.kill("SIGTERM");
    expect(await first.exited).toBe(0);
    expect(first.log()).toContain("received 3, announced 3, removed 0, withheld 0, refused 0");

    const second = await start();
    second.child.kill("SIGTERM");
    expect(await second.exited).toBe(0);
    expect(second.objects).toEqual([]);

    const third = await start({ filter: "[ { types: [hostname] } ]" });
    await until(() => third.objects.length === 2);
    third.child.kill("SIGTERM");
    expect(await third.exited).toBe(0);
    expect(third.objects.map((o) => `${o.x_threatbus_update} ${o.name}`)).toEqual([
      "REMOVE host-1.example",
      "REMOVE host-2.example",
    ]);
    expect(third.log()).toContain("every entry was evaluated anew");
  });

  it("ends within 5 s at SIGINT too, also when nobody reads its output", async () => {
    const { child, exited } = await start({ read: false });
    await publisher.publish(Array.from({ length: 2000 }, (_, i) => attribute(i + 1)));
    await once(child.stdout ?? child, "readable");
    const since = performance.now();
    child.kill("SIGINT");
    await exited;
    expect(performance.now() - since).toBeLessThan(5_000);
  });

  it("with a slow reader grows no memory, and everything arrives in the end", async () => {
    const { child, exited } = await start({ read: false });
    const rssMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1000;
    const comment = "x".repeat(2_000);
    const add = (from: number, count: number) =>
      publisher.publish(Array.from({ length: count }, (_, i) => attribute(from + i, "add", { comment })));
    const settled = async (count: number) => {
      // The last one is committed when its own removal is the only thing that could follow: ask the store's size instead.
      const size = () => readFileSync(join(folder, ".threatbus-misp", "data.mdb")).length;
      let last = -1;
      while (size() !== last || size() < count * 3_500) {
        last = size();
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    };
    await add(1, 2_000);
    await settled(2_000);
    const before = rssMb();
    // 20 MB of objects that nobody takes.
    await add(2_001, 8_000);
    await settled(10_000);
    // The index itself is mapped, and counts.
    const index = readFileSync(join(folder, ".threatbus-misp", "data.mdb")).length / 1e6;
    expect(rssMb() - before).toBeLessThan(64 + index);
    const names = new Set<string>();
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) =>
      names.add(JSON.parse(line).name),
    );
    await until(() => names.size === 10_000);
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
  }, 60_000);

  it("ends with 70 when its output is closed, and loses nothing", async () => {
    const first = await start({ read: false });
    first.child.stdout?.destroy();
    await publisher.publish([attribute(1), attribute(2)]);
    expect(await first.exited).toBe(70);
    expect(first.log()).toContain("broken-pipe");
    const second = await start();
    await until(() => second.objects.length === 2);
    second.child.kill("SIGTERM");
    expect(await second.exited).toBe(0);
  });

  it("refuses a state folder that another one uses: 75", async () => {
    const first = await start();
    const second = await start();
    expect(await second.exited).toBe(75);
    expect(second.log()).toContain(`another process (pid ${first.child.pid}) uses this state folder`);
  });

  it("logs what it could not read, without control characters, and goes on", async () => {
    const { child, objects, exited, log } = await start();
    await publisher.publish([
      { topic: "misp_json_attribute", body: '{"Attribute":{"id":"\\u001b[2J"},"action":"add"}' },
      attribute(1),
    ]);
    await until(() => objects.length === 1);
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
    expect(log()).toContain("refused 1 (invalid_id 1)");
    expect(log()).not.toContain("\u001b");
  });
});
