import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { createCountingUuid, createMispModel, type MispModel, type ModelNotification } from "@tb/misp-simulator";
import { expect } from "vitest";
import { plainEnv } from "./run.ts";

const running = new Set<ChildProcess>();

/** For `afterEach`: no test leaves a program behind. */
export function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** What is under `misp` in a configuration, as YAML. */
export const configuration = (misp: string): string => `plugins:\n  apps:\n    misp:\n      ${misp}\n`;

export interface StartOptions {
  /** The whole `config.yaml`; without it what lies there stays. */
  readonly config?: string;
  /** Another Node than the one that runs the tests. */
  readonly node?: string;
  readonly parameters?: readonly string[];
}

/** Starts the installed program in its folder, as `npx threatbus-misp` would. */
export async function start(installation: string, { config, node, parameters = [] }: StartOptions = {}) {
  if (config !== undefined) await writeFile(join(installation, "config.yaml"), config);
  const bin = join(installation, "node_modules", ".bin", "threatbus-misp");
  const [command, ...before] =
    node === undefined ? [bin] : [node, join(installation, "node_modules/@tb/plugin/dist/main.js")];
  return follow(spawn(command as string, [...before, ...parameters], { cwd: installation, env: plainEnv() }));
}

/** Starts a script in the installation's folder, as a user's own program. */
export async function startScript(installation: string, source: string, ...nodeOptions: readonly string[]) {
  await writeFile(join(installation, "own.mjs"), source);
  return follow(spawn(process.execPath, [...nodeOptions, "own.mjs"], { cwd: installation, env: plainEnv() }));
}

/** Starts any other command. */
export const startCommand = (cwd: string, command: string, parameters: readonly string[]) =>
  follow(spawn(command, parameters, { cwd, env: plainEnv() }));

export type Program = ReturnType<typeof follow>;

function follow(child: ChildProcess & { readonly stdout: NodeJS.ReadableStream | null }) {
  running.add(child);
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("the program's output is piped");
  const exit = once(child, "exit").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  let log = "";
  stderr.on("data", (chunk: Buffer) => (log += chunk));
  return {
    child,
    /** What it wrote to standard error so far. */
    log: () => log,
    /** The lines of its standard output, each once. */
    lines: () => createInterface({ input: stdout })[Symbol.asyncIterator](),
    exit,
    /** Everything, once it has ended by itself. */
    async ended() {
      const [output, errors, code] = await Promise.all([text(stdout), text(stderr), exit]);
      return { stdout: output, stderr: errors, code };
    },
    /** Ends it as a supervisor would, and expects that it ends in order. */
    async stop() {
      child.kill("SIGTERM");
      expect(await exit).toBe(0);
    },
  };
}

export const newModel = (): MispModel =>
  createMispModel({ now: () => Math.floor(Date.now() / 1_000), uuid: createCountingUuid() });

/**
 * What an installation is for, from one end to the other: announces what MISP publishes, takes back what is deleted, and ends
 * when it is told to.
 */
export async function expectAnnounceAndRemove(
  program: Program,
  publish: (notifications: readonly ModelNotification[]) => Promise<unknown>,
  model: MispModel = newModel(),
): Promise<void> {
  const objects = program.lines();
  const event = model.addEvent({ info: "Phishing wave" });
  await publish(event.notifications);
  const attribute = model.addAttribute({ eventId: event.id, type: "domain", value: "evil.example" });
  await publish(attribute.notifications);
  const announced = JSON.parse((await objects.next()).value);
  expect(announced).toMatchObject({ type: "indicator", pattern: "[domain-name:value = 'evil.example']" });
  await publish(model.hardDelete({ id: attribute.id }).notifications);
  const removed = JSON.parse((await objects.next()).value);
  expect(removed).toMatchObject({ id: announced.id, pattern: announced.pattern, x_threatbus_update: "REMOVE" });
  await program.stop();
  expect(await objects.next()).toEqual({ done: true, value: undefined });
  expect(program.log()).toContain("announced 1, removed 1");
}
