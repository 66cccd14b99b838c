import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandLine } from "./command.ts";

const childFile = fileURLToPath(new URL("log-child.ts", import.meta.url));
const running = new Set<ChildProcess>();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "log-"));
});
afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

function start(before: string, ...parameters: readonly string[]) {
  const line = commandLine(parameters, childFile);
  const child = spawn("/bin/sh", ["-c", `${before} exec "$@"`, "sh", line.node, ...line.parameters]);
  running.add(child);
  const exit = once(child, "exit").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  return { child, exit };
}

describe("the log of a process", () => {
  it("is whole when the process ends at once, and needs no other thread", async () => {
    const { child, exit } = start("", "json");
    const lines = (await text(child.stderr)).split("\n").slice(0, -1);
    expect(lines.map((line) => JSON.parse(line).n)).toEqual(lines.map((_, n) => n));
    expect(lines).toHaveLength(2_000);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ value: "\\u001b[31mred\\u000a", msg: "the word is ***" });
    expect(await text(child.stdout)).not.toMatch(/MessagePort|Worker/);
    expect(await exit).toBe(0);
  });

  it("for a person is whole as well, one line each, neutralised and redacted", async () => {
    const { child, exit } = start("", "pretty");
    const lines = (await text(child.stderr)).split("\n").slice(0, -1);
    expect(lines).toHaveLength(2_000);
    expect(lines[7]).toMatch(
      /^\[\d\d:\d\d:\d\d\] INFO: the word is \*\*\* \{"n":7,"value":"\\u001b\[31mred\\u000a"\}$/,
    );
    expect(await exit).toBe(0);
  });

  it("goes to a file too, at the file's own level, and neither loses lines nor ends the process on a full disk", async () => {
    const file = join(folder, "whole.log");
    const whole = start("", "json", file);
    whole.child.stderr.resume();
    expect(await whole.exit).toBe(0);
    const lines = (await readFile(file, "utf8")).split("\n").slice(0, -1);
    expect(lines).toHaveLength(2_001);
    expect(JSON.parse(lines[2_000] ?? "")).toMatchObject({ level: "debug", msg: "for the file alone" });

    // A limit on the size of a file fails as a full disk does.
    const full = start("trap '' XFSZ; ulimit -f 100;", "json", join(folder, "full.log"));
    const stderr = await text(full.child.stderr);
    expect(stderr.split("\n")).toHaveLength(2_001);
    expect(await full.exit).toBe(0);
  });

  it("that nobody reads any more does not end the process", async () => {
    const { child, exit } = start("", "reader-gone");
    await once(child.stderr, "readable");
    child.stderr.destroy();
    await once(child.stderr, "close");
    child.stdin.end("go on\n");
    expect(await text(child.stdout)).toBe("alive\n");
    expect(await exit).toBe(0);
  });
});
