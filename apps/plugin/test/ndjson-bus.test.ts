import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { commandLine } from "./command.ts";

/** What `ndjson-child.ts` tells. */
interface Fact {
  readonly tick?: number;
  readonly rss?: number;
  readonly published?: number;
  readonly sighting?: unknown;
  readonly [name: string]: unknown;
}

const childFile = fileURLToPath(new URL("ndjson-child.ts", import.meta.url));
const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

function start(parameters: readonly string[], shell?: { readonly before: string; readonly after: string }) {
  const line = commandLine(parameters, childFile);
  const command = [line.node, ...line.parameters];
  const [program = "", ...rest] =
    shell === undefined ? command : ["/bin/sh", "-c", `${shell.before}; exec "$@" ${shell.after}`, "sh", ...command];
  const child = spawn(program, rest);
  running.add(child);
  const exit = once(child, "exit").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const facts = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  return {
    child,
    exit,
    /** The next fact for which this holds. */
    async fact(holds: (fact: Fact) => boolean): Promise<Fact> {
      for (;;) {
        const { done, value } = await facts.next();
        if (done) throw new Error("the process told nothing more");
        const fact: Fact = JSON.parse(value);
        if (holds(fact)) return fact;
      }
    },
  };
}

describe("NDJSON on standard output", () => {
  it("waits for a slow reader without growing, and ends with an error that says so when the reader goes", async () => {
    const { child, exit, fact } = start(["flood"]);
    // Nobody reads: the pipe fills, then publish waits. It goes on ticking, so the loop is free.
    let ticks: Fact[] = [];
    while (ticks.length < 20) {
      const tick = await fact(({ tick }) => tick !== undefined);
      ticks = ticks[0]?.tick === tick.tick ? [...ticks, tick] : [tick];
    }
    const stalled = ticks[0]?.tick ?? 0;
    // 500 bytes each: what a socket pair and both ends' buffers take is far below 4 MiB.
    expect(stalled * 500).toBeLessThan(4 * 1024 * 1024);
    const growth = (ticks.at(-1)?.rss ?? 0) - (ticks[0]?.rss ?? 0);
    expect(growth).toBeLessThan(8 * 1024 * 1024);

    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      expect(JSON.parse(line).id).toBe(`indicator--${lines}`);
      lines += 1;
      if (lines > stalled + 1_000) break;
    }
    child.stdout.destroy();
    const end = await fact(({ code }) => code !== undefined);
    expect(end).toMatchObject({
      code: "broken-pipe",
      states: ["down"],
      message: expect.stringContaining("the reader of the NDJSON output has gone (EPIPE)"),
    });
    expect(end.published).toBeGreaterThanOrEqual(stalled);
    expect(await exit).toBe(3);
  });

  it("counts nothing as handed over that a full disk did not take", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ndjson-"));
    try {
      const file = join(folder, "objects.ndjson");
      // A limit on the size of a file fails as a full disk does: first a write that takes only a part, then an error.
      const { exit, fact } = start(["flood"], { before: "trap '' XFSZ; ulimit -f 500", after: `> '${file}'` });
      const end = await fact(({ code }) => code !== undefined);
      expect(end).toMatchObject({ code: "write-failed" });
      expect(await exit).toBe(3);
      const whole = (await readFile(file, "utf8")).split("\n").slice(0, -1);
      expect(whole.length).toBeGreaterThan(0);
      expect(whole.map((line) => JSON.parse(line).id)).toEqual(whole.map((_, n) => `indicator--${n}`));
      expect(end.published).toBeGreaterThan(0);
      expect(end.published).toBeLessThanOrEqual(whole.length);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("sightings on standard input", () => {
  it("are not read, and do not keep the process alive, while nobody asks for them", async () => {
    const { child, exit, fact } = start(["idle"]);
    child.stdin.write('{"n":1}\n');
    await fact(({ end }) => end === "idle");
    expect(await exit).toBe(0);
  });

  it("are read until the reader stops; then the process can end while the input is still open", async () => {
    const { child, exit, fact } = start(["read", "2"]);
    child.stdin.write('{"n":1}\n');
    expect(await fact(() => true)).toEqual({ sighting: { n: 1 } });
    child.stdin.write("nonsense\n");
    expect(await fact(() => true)).toMatchObject({ refused: "invalid_json" });
    child.stdin.write('{"n":2}\n{"n":3}\n');
    expect(await fact(() => true)).toEqual({ sighting: { n: 2 } });
    expect(await fact(() => true)).toEqual({ over: 2 });
    expect(await exit).toBe(0);
  });

  it("end with the input", async () => {
    const { child, exit, fact } = start(["read", "9"]);
    child.stdin.end('{"n":1}');
    expect(await fact(({ over }) => over !== undefined)).toEqual({ over: 1 });
    expect(await exit).toBe(0);
  });
});
