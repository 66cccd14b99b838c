import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { commandLine } from "./command.ts";

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

async function start(...parameters: readonly string[]) {
  const line = commandLine(parameters, fileURLToPath(new URL("shutdown-child.ts", import.meta.url)));
  const child = spawn(line.node, line.parameters, { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const exit = once(child, "exit").then(([code, signal]) => {
    running.delete(child);
    return { code, signal };
  });
  const lines = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string | undefined> => (await lines.next()).value;
  expect(await nextLine()).toBe("started");
  return { child, exit, line: nextLine };
}

describe("a process that is told to stop", () => {
  it("finishes and ends by itself with code 0", async () => {
    const { child, exit, line } = await start("finish");
    child.kill("SIGTERM");
    expect(await line()).toMatch(/^info SIGTERM: stopping/);
    expect(await line()).toBe("finished");
    expect(await exit).toEqual({ code: 0, signal: null });
  });

  it("twice, ends at once with a code that says so", async () => {
    const { child, exit, line } = await start("hang");
    child.kill("SIGINT");
    expect(await line()).toMatch(/^info SIGINT: stopping/);
    expect(await line()).toBe("hanging");
    child.kill("SIGINT");
    expect(await line()).toMatch(/^error SIGINT again/);
    expect(await exit).toEqual({ code: 130, signal: null });
  });

  it("and does not finish, ends at the deadline with a code that says so", async () => {
    const { child, exit, line } = await start("hang", "50");
    child.kill("SIGTERM");
    expect(await line()).toMatch(/^info SIGTERM: stopping/);
    expect(await line()).toBe("hanging");
    expect(await line()).toMatch(/^error not finished 0.05 s after the signal/);
    expect(await exit).toEqual({ code: 1, signal: null });
  });

  it("and has finished, ends at the deadline though nobody reads its output", async () => {
    const { child, exit, line } = await start("unread", "50");
    child.kill("SIGTERM");
    expect(await line()).toMatch(/^info SIGTERM: stopping/);
    expect(await line()).toBe("finished");
    expect(await line()).toMatch(/^error not finished 0.05 s after the signal/);
    expect(await exit).toEqual({ code: 1, signal: null });
  });
});
