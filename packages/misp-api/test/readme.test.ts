import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { recorded } from "./recordings.ts";
import { answer, key, startServer } from "./server.ts";

it("the README's example runs", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const answers: Record<string, string> = {
    "/servers/getVersion": recorded("get version").response.body,
    "/events/index/minimal:1": recorded("events/index timestamp").response.body,
    "/attributes/restSearch": recorded("{}").response.body,
  };
  const server = await startServer(({ path }, response) => answer(response, 200, answers[path] ?? {}));
  const program = example
    .replace("https://misp.example", server.url)
    .replace("MISP-KEY", key)
    .replace('"@tb/misp-api"', JSON.stringify(new URL("../src/index.ts", import.meta.url).href));
  const parameters = ["--import", "tsx", "--conditions=@tb/source", "--input-type=module", "-e", program];
  const child = spawn(process.execPath, parameters, { cwd: new URL("..", import.meta.url) });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk));
  // By itself: nothing keeps the process alive once the client is disposed of.
  expect(await new Promise((resolve) => child.on("exit", resolve))).toBe(0);
  const [first, second, ...rest] = output.trim().split("\n");
  expect(first).toBe("MISP 2.5.1");
  expect(JSON.parse(second ?? "")).toMatchObject({ uuid: "00165e6e-69f0-4fb8-b7af-4afe69712c78" });
  expect(rest).toEqual([]);
});
