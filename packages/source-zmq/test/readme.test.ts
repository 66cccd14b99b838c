import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createZmqPublisher } from "@tb/misp-simulator";
import { expect, it } from "vitest";
import { until } from "./helpers.ts";

it("the README's example runs", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  await using publisher = await createZmqPublisher({ watchSubscriptions: true });
  const program = example
    .replace("50000", String(publisher.port))
    .replace('"@tb/source-zmq"', JSON.stringify(new URL("../src/index.ts", import.meta.url).href));
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--conditions=@tb/source", "--input-type=module", "-e", program],
    {
      cwd: new URL("..", import.meta.url),
    },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk));
  await publisher.subscriptions.atLeast("misp_json_attribute ", 1);
  await publisher.publish([
    { topic: "misp_json_attribute", body: '{"Attribute":{"value":"evil.example"},"action":"add"}' },
  ]);
  await until(() => output.includes("\n"));
  expect(output).toMatch(/^misp_json_attribute add evil\.example \d{4}-/);
  child.kill("SIGTERM");
  expect(await new Promise((resolve) => child.on("exit", resolve))).toBe(0);
});
