import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { attribute } from "./attribute-message.ts";
import { createCommands, until } from "./command.ts";
import { useMisp } from "./misp.ts";

const commands = createCommands("program");
const misp = useMisp();

/** The real program; its objects are read unless told otherwise. */
function start(options: { readonly filter?: string; readonly read?: boolean } = {}) {
  const filter = options.filter === undefined ? "" : `, filter: ${options.filter}`;
  commands.configure(`plugins: { apps: { misp: { zmq: { ${misp.zmq()} }${filter} } } }`);
  return misp.listening(() => commands.start([], options));
}

describe("the program", () => {
  it("after a clean stop announces nothing again; with another filter only what differs", async () => {
    const first = await start();
    await misp.publisher.publish([attribute(1), attribute(2), attribute(3, "add", { type: "hostname" })]);
    await until(() => first.objects().length === 3);
    await first.stop();
    expect(first.stderr()).toContain("received 3, announced 3, removed 0, withheld 0, refused 0");

    const second = await start();
    await second.stop();
    expect(second.objects()).toEqual([]);

    const third = await start({ filter: "[ { types: [hostname] } ]" });
    await until(() => third.objects().length === 2);
    await third.stop();
    expect(third.objects().map((o) => `${o.x_threatbus_update} ${o.name}`)).toEqual([
      "REMOVE host-1.example",
      "REMOVE host-2.example",
    ]);
    expect(third.stderr()).toContain("every entry was evaluated anew");
  });

  it("ends within 5 s at SIGINT too, also when nobody reads its output", async () => {
    const { child, closed } = await start({ read: false });
    await misp.publisher.publish(Array.from({ length: 2000 }, (_, i) => attribute(i + 1)));
    await once(child.stdout, "readable");
    const since = performance.now();
    child.kill("SIGINT");
    await closed;
    expect(performance.now() - since).toBeLessThan(5_000);
  });

  it("with a slow reader grows no memory, and everything arrives in the end", async () => {
    const { child, closed } = await start({ read: false });
    const rssMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1000;
    const comment = "x".repeat(2_000);
    const add = (from: number, count: number) =>
      misp.publisher.publish(Array.from({ length: count }, (_, i) => attribute(from + i, "add", { comment })));
    const settled = async (count: number) => {
      // The last one is committed when its own removal is the only thing that could follow: ask the store's size instead.
      const size = () => readFileSync(commands.path(".threatbus-misp", "data.mdb")).length;
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
    const index = readFileSync(commands.path(".threatbus-misp", "data.mdb")).length / 1e6;
    expect(rssMb() - before).toBeLessThan(64 + index);
    const names = new Set<string>();
    createInterface({ input: child.stdout }).on("line", (line) => names.add(JSON.parse(line).name));
    await until(() => names.size === 10_000);
    child.kill("SIGTERM");
    expect(await closed).toBe(0);
  }, 60_000);

  it("ends with 70 when its output is closed, and loses nothing", async () => {
    const first = await start({ read: false });
    first.child.stdout.destroy();
    await misp.publisher.publish([attribute(1), attribute(2)]);
    expect(await first.closed).toBe(70);
    expect(first.stderr()).toContain("broken-pipe");
    const second = await start();
    await until(() => second.objects().length === 2);
    await second.stop();
  });

  it("refuses a state folder that another one uses: 75", async () => {
    const first = await start();
    const second = commands.start();
    expect(await second.closed).toBe(75);
    expect(second.stderr()).toContain(`another process (pid ${first.child.pid}) uses this state folder`);
  });

  it("logs what it could not read, without control characters, and goes on", async () => {
    const program = await start();
    await misp.publisher.publish([
      { topic: "misp_json_attribute", body: '{"Attribute":{"id":"\\u001b[2J"},"action":"add"}' },
      attribute(1),
    ]);
    await until(() => program.objects().length === 1);
    await program.stop();
    expect(program.stderr()).toContain("refused 1 (invalid_id 1)");
    expect(program.stderr()).not.toContain("\u001b");
  });
});
