import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const demo = fileURLToPath(new URL("../src/demo/main.ts", import.meta.url));

function start(...parameters: readonly string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", "--conditions=@tb/source", demo, ...parameters], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk));
  return { child, exited: once(child, "exit"), output: () => output };
}

it("plays its story against the real program, and ends with a summary", async () => {
  const { exited, output } = start();
  expect([(await exited)[0], output()]).toEqual([0, expect.stringContaining("A consumer now holds: evil.example.")]);
  expect(output()).toMatch(/On the bus: \d+ announced, 1 edited, \d+ removed\./);
});

it("--keep-running goes on after the story, until it is interrupted", async () => {
  const { child, exited, output } = start("--keep-running");
  const lines = () => output().split("\n").length;
  while (!output().includes("tags “Phishing wave” again")) await new Promise((resolve) => setTimeout(resolve, 20));
  const story = lines();
  while (lines() < story + 4) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGINT");
  expect([(await exited)[0], output()]).toEqual([0, expect.stringContaining("A consumer now holds")]);
}, 60_000);
