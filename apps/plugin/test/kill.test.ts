import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { thorough } from "@tb/misp-core/testing";
import { createCountingUuid, createMispModel, createRandom, randomAction } from "@tb/misp-simulator";
import { describe, expect, it } from "vitest";
import { createConsumers } from "./consumers.ts";
import { expectedIndicators, type PlainItem } from "./expected.ts";
import type { KillStep } from "./kill-child.ts";

const items: readonly PlainItem[] = [{ tags: ["tlp:amber", "tlp:red"] }, { types: ["ip-dst", "domain", "filename"] }];

const steps: readonly KillStep[] = [
  "received",
  "before-commit",
  "during-commit",
  "committed",
  "before-ack",
  "acked",
  "before-publish",
  "during-publish",
  "published",
  "before-confirm",
  "confirmed",
];

/** Half of the kills are at a named step, each in turn; half at a random moment. */
const kills = thorough ? 200 : 40;

interface Unacked {
  readonly batch: number;
  readonly notifications: { readonly body: string; readonly observedAtMs: number }[];
}

describe("SIGKILL", () => {
  it(`${kills} times, at every step and at random moments: nothing is missing and nothing stale`, async () => {
    const path = mkdtempSync(join(tmpdir(), "kill-test-"));
    const consumers = createConsumers();
    const random = createRandom(Number(process.env["KILL_SEED"] ?? 20_261_124));
    let seconds = 1_800_000_000;
    let observedAtMs = seconds * 1000;
    const model = createMispModel({ now: () => seconds, uuid: createCountingUuid() });
    let batch = 0;
    let unacked: Unacked[] = [];

    /** What analysts do meanwhile. */
    const act = (actions: number): void => {
      const notifications: Unacked["notifications"] = [];
      for (let i = 0; i < actions; i++) {
        if (random(3) === 0) seconds += 1;
        for (const { body } of randomAction(model, random, { attributes: 60 }).notifications) {
          observedAtMs += 1;
          notifications.push({ body, observedAtMs });
        }
      }
      batch += 1;
      unacked.push({ batch, notifications });
    };
    const deleteSome = (count: number): void => {
      const notifications: Unacked["notifications"] = [];
      for (const { id } of model.attributes().slice(0, count)) {
        const deleted = random(2) === 0 ? model.hardDelete({ id }) : model.softDelete({ id });
        for (const { body } of deleted.notifications) {
          observedAtMs += 1;
          notifications.push({ body, observedAtMs });
        }
      }
      batch += 1;
      unacked.push({ batch, notifications });
    };

    const start = async (step: KillStep, passes: number) => {
      const child = fork(new URL("./kill-child.ts", import.meta.url), [path, step, String(passes)], {
        execArgv: ["--import", "tsx", "--conditions=@tb/source"],
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      });
      let errors = "";
      child.stderr?.on("data", (chunk: Buffer) => (errors += chunk));
      // What the pipe holds outlives the process: everything handed over is read.
      const read = (async () => {
        if (child.stdout === null) return;
        for await (const line of createInterface({ input: child.stdout })) {
          // The kill can cut the last line: no consumer could have read it.
          try {
            consumers.receive([JSON.parse(line)]);
          } catch (error) {
            if (!(error instanceof SyntaxError)) throw error;
          }
        }
      })();
      child.on("message", ({ acked }: { acked?: number }) => {
        if (acked !== undefined) unacked = unacked.filter((u) => u.batch !== acked);
      });
      const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
        child.on("exit", (code, signal) => resolve({ code, signal })),
      );
      await Promise.race([exited, new Promise<void>((resolve) => child.once("message", () => resolve()))]);
      return { child, ended: exited.then(async (end) => ({ ...end, errors, read: await read })) };
    };
    const send = (child: ChildProcess, batches: readonly Unacked[]) => {
      for (const item of batches) if (child.connected) child.send(item, () => undefined);
    };

    for (let kill = 0; kill < kills; kill++) {
      const step = kill % 2 === 0 ? (steps[(kill / 2) % steps.length] ?? "none") : "none";
      act(3 + random(20));
      const { child, ended } = await start(step, random(3));
      send(child, unacked);
      let over = false;
      void ended.then(() => (over = true));
      if (step === "none") {
        // At a random moment, while more comes in.
        setTimeout(() => child.kill("SIGKILL"), random(60));
      }
      while (!over) {
        act(1 + random(4));
        send(child, unacked.slice(-1));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const { signal, code, errors } = await ended;
      expect([signal, code, errors]).toEqual(["SIGKILL", null, ""]);
      // MISP goes on while the program is down.
      deleteSome(random(4));
    }

    // Something must be left to hold, whatever the analysts did.
    const event = model.addEvent({ info: "the last one" });
    const added = model.addAttributes({
      eventId: event.id,
      attributes: ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"].map((value) => ({ type: "ip-dst", value })),
    });
    batch += 1;
    unacked.push({
      batch,
      notifications: [...event.notifications, ...added.notifications].map(({ body }) => {
        observedAtMs += 1;
        return { body, observedAtMs };
      }),
    });

    // The last run is left in peace, and stopped in order.
    const { child, ended } = await start("none", 0);
    send(child, unacked);
    while (unacked.length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    child.send({ stop: true });
    const end = await ended;
    expect([end.code, end.errors]).toEqual([0, ""]);

    const expected = expectedIndicators(model, items);
    expect(expected.size).toBeGreaterThan(3);
    expect(new Map([...consumers.byId].map(([id, { pattern }]) => [id, pattern]))).toEqual(
      new Map([...expected].map(([id, { pattern }]) => [id, pattern])),
    );
    expect([...consumers.byPattern].sort()).toEqual([...new Set([...expected.values()].map((i) => i.pattern))].sort());
    const share = ((100 * consumers.repeats) / consumers.received).toFixed(1);
    process.stdout.write(
      `${kills} kills: ${consumers.received} objects, ${consumers.repeats} of them repeats (${share} %)\n`,
    );

    // After a clean stop nothing is announced again.
    const before = consumers.received;
    const again = await start("none", 0);
    again.child.send({ stop: true });
    expect((await again.ended).code).toBe(0);
    expect(consumers.received).toBe(before);
    rmSync(path, { recursive: true, force: true });
  }, 1_200_000);
});
