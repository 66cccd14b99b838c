import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readRecording } from "./read-recording.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "recording-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function recording(...lines: string[]): string {
  const file = join(folder, "recording.ndjson");
  writeFileSync(file, `${lines.join("\n")}\n\n`);
  return file;
}

it("reads recordings from ZeroMQ and from Kafka", async () => {
  const file = recording('{"topic":"a","trigger":"why","body":"{ }"}', '{"topic":"b","partition":0,"value":"[]"}');
  expect(await readRecording(file)).toEqual([
    { topic: "a", body: "{ }", trigger: "why" },
    { topic: "b", body: "[]" },
  ]);
});

it("names the line that is no message", async () => {
  await expect(readRecording(recording('{"topic":"a","body":"{}"}', '{"topic":"b"}'))).rejects.toThrow(
    "line 2 has no topic",
  );
});
