import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createCommands, until } from "./command.ts";

const file = fileURLToPath(new URL("shutdown-child.ts", import.meta.url));
const commands = createCommands("shutdown");

/** A process that gets a signal once it has started. Nobody reads its standard output. */
async function startAndTell(signal: NodeJS.Signals, ...parameters: readonly string[]) {
  const command = commands.start(parameters, { file, read: false });
  await until(() => command.stderr() === "started\n");
  command.child.kill(signal);
  return command;
}

describe("a process that is told to stop", () => {
  it("finishes and ends by itself with code 0", async () => {
    const { closed, stderr } = await startAndTell("SIGTERM", "finish");
    expect(await closed).toBe(0);
    expect(stderr()).toMatch(/^started\ninfo SIGTERM: stopping.*\nfinished\n$/);
  });

  it("twice, ends at once with a code that says so", async () => {
    const { child, closed, stderr } = await startAndTell("SIGINT", "hang");
    await until(() => stderr().includes("hanging"));
    child.kill("SIGINT");
    expect(await closed).toBe(130);
    expect(stderr()).toMatch(/^started\ninfo SIGINT: stopping.*\nhanging\nerror SIGINT again.*\n$/);
  });

  it("and does not finish, ends at the deadline with a code that says so", async () => {
    const { closed, stderr } = await startAndTell("SIGTERM", "hang", "50");
    expect(await closed).toBe(1);
    expect(stderr()).toMatch(
      /^started\ninfo SIGTERM: stopping.*\nhanging\nerror not finished 0\.05 s after the signal.*\n$/,
    );
  });

  it("and has finished, ends at the deadline though nobody reads its output", async () => {
    const { closed, stderr } = await startAndTell("SIGTERM", "unread", "50");
    expect(await closed).toBe(1);
    expect(stderr()).toMatch(
      /^started\ninfo SIGTERM: stopping.*\nfinished\nerror not finished 0\.05 s after the signal.*\n$/,
    );
  });
});
