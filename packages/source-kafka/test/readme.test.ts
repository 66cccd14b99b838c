import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { brokers, createTopic, openProducer, until } from "./helpers.ts";

it("the README's example runs", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const producer = await openProducer();
  const topic = await createTopic(producer);
  const program = example
    .replace("127.0.0.1:9092", brokers)
    .replace("my-program", topic)
    .replace(/topics: \[.*\]/, `topics: [${JSON.stringify(topic)}]`)
    .replace('"@tb/source-kafka"', JSON.stringify(new URL("../src/index.ts", import.meta.url).href));
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--conditions=@tb/source", "--input-type=module", "-e", program],
    { cwd: new URL("..", import.meta.url) },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk));
  await producer.publish([{ topic, partition: 0, body: '{"Attribute":{"value":"evil.example"},"action":"add"}' }]);
  await until(() => output.includes("\n"));
  expect(output).toMatch(/^test-\S+ add evil\.example \d{4}-/);
  child.kill("SIGTERM");
  expect(await new Promise((resolve) => child.on("exit", resolve))).toBe(0);
});
