import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createZmqPublisher } from "@tb/misp-simulator";
import { expect, it } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const secrets = ["zmq-Passw0rd", "api-k3y-of-forty", "us3rinfo", "pr0xy-secret"];

it("no secret is ever shown: not in the log, not in a log file, not by check, while everything fails", async () => {
  const folder = mkdtempSync(join(tmpdir(), "redaction-"));
  await using publisher = await createZmqPublisher({ credentials: { username: "misp", password: "another" } });
  const [password, key, userinfo, proxy] = secrets;
  writeFileSync(
    join(folder, "config.yaml"),
    `
logging: { console_verbosity: DEBUG, file: true, file_verbosity: DEBUG, filename: log }
plugins:
  apps:
    misp:
      api: { host: "https://user:${userinfo}@misp.example", key: ${key}, proxy: "http://p:${proxy}@proxy:3128" }
      zmq: { host: 127.0.0.1, port: ${publisher.port}, username: misp, password: ${password} }
`,
  );
  const run = async (parameters: readonly string[], until: RegExp) => {
    const child = spawn(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), "--conditions=@tb/source", main, ...parameters],
      { cwd: folder },
    );
    let output = "";
    const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
    const look = (chunk: Buffer) => {
      output += chunk;
      if (until.test(output)) child.kill("SIGTERM");
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    await ended;
    return output;
  };
  const shown = [
    await run(["check"], /never/),
    await run([], /handshake failed/),
    readFileSync(join(folder, "log"), "utf8"),
  ];
  expect(shown[0]).toContain("with username and password");
  expect(shown[1]).toContain("handshake failed");
  expect(shown[2]).toContain("handshake failed");
  for (const secret of secrets) for (const text of shown) expect(text).not.toContain(secret);
  rmSync(folder, { recursive: true, force: true });
});
