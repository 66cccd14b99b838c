import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("the README's example runs", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const program = example.replace('"@tb/misp-core"', JSON.stringify(new URL("../src/index.ts", import.meta.url).href));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--conditions=@tb/source", "--input-type=module", "-e", program],
    { cwd: new URL("..", import.meta.url) },
  );
  expect(stdout).toContain("org 1 AND (type domain OR type url)");
  expect(stdout).toContain("true {");
  expect(stdout).toContain("[domain-name:value = 'evil.example']");
});
