import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { freePort } from "../../../tools/free-port.ts";
import { openPublisher } from "./helpers.ts";

/** Runs in a process of its own, which must end by itself after its source is disposed of. */
async function runAndDispose(port: number, wanted: string, times = 1): Promise<string> {
  const script = `
    import { createZmqSource } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
    const source = createZmqSource({ host: "127.0.0.1", port: ${port}, maxQueuedMessages: 1 });
    const read = source.read({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    const parked = read.next();
    const parkedStatus = (async () => { let last; for await (const { state } of source.status()) last = state; return last; })();
    let left = ${times};
    for await (const { state } of source.status()) if (state === ${JSON.stringify(wanted)} && --left === 0) break;
    const since = performance.now();
    await Promise.all([source[Symbol.asyncDispose](), source[Symbol.asyncDispose]()]);
    console.log((await parked).done, await parkedStatus, performance.now() - since < 1000);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--conditions=@tb/source", "--input-type=module", "-e", script],
    { cwd: new URL("..", import.meta.url), timeout: 10_000 },
  );
  return stdout;
}

describe("a disposed source leaves nothing that keeps its process alive", () => {
  it("when it was never connected", async () => {
    expect(await runAndDispose(await freePort(), "disconnected")).toBe("true closed true\n");
  });

  it("when it was connected", async () => {
    const publisher = await openPublisher();
    expect(await runAndDispose(publisher.port, "connected")).toBe("true closed true\n");
  });

  it("when it was refused and waits for its next try", async () => {
    const publisher = await openPublisher({ credentials: { username: "misp", password: "secret" } });
    // The fourth time, the next try is 2 s away.
    expect(await runAndDispose(publisher.port, "handshake-failed", 4)).toBe("true closed true\n");
  });
});
