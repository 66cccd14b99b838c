import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { freePorts } from "../../../tools/free-port.ts";
import { startApp } from "./app.ts";
import { sighting } from "./objects.ts";

it("the README's example runs", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [manage = 0, pub = 0, sub = 0] = await freePorts(3);
  const program = (/```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "")
    .replace("13370", String(manage))
    .replace("13371", String(pub))
    .replace("13372", String(sub))
    .replace('"@tb/bus-zmq"', JSON.stringify(new URL("../src/index.ts", import.meta.url).href));
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--conditions=@tb/source", "--input-type=module", "-e", program],
    { cwd: new URL("..", import.meta.url) },
  );
  let output = "";
  const printed = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk;
        if (output.includes("\n")) resolve();
      });
    }
  });
  // The app asks before the program listens; ZeroMQ keeps the request until it does.
  const app = await startApp({ manage });
  await app.publish(sighting(1), "stix2/sighting");
  await printed;
  expect(JSON.parse(output)).toEqual(sighting(1));
  child.kill("SIGTERM");
  expect(await new Promise((resolve) => child.on("exit", resolve))).toBe(0);
  await app.close();
});
