import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { thorough } from "@tb/misp-core/testing";
import {
  createCountingUuid,
  createMispModel,
  createRandom,
  type ModelNotification,
  randomAction,
} from "@tb/misp-simulator";
import { describe, expect, it } from "vitest";
import { createConsumers } from "./consumers.ts";
import { describeDifferences, expectedIndicators } from "./expected.ts";
import { type KillStep, killItems, killSteps } from "./kill-steps.ts";

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

    /** MISP says this in one go. */
    const say = (notifications: readonly ModelNotification[]): void => {
      batch += 1;
      const observed = notifications.map(({ body }) => ({ body, observedAtMs: ++observedAtMs }));
      unacked.push({ batch, notifications: observed });
    };
    /** What analysts do meanwhile. */
    const act = (actions: number): void => {
      const said = Array.from({ length: actions }, () => {
        if (random(3) === 0) seconds += 1;
        return randomAction(model, random, { attributes: 60 }).notifications;
      });
      say(said.flat());
    };
    const deleteSome = (count: number): void => {
      const ids = model.attributes().slice(0, count);
      say(
        ids.flatMap(({ id }) => (random(2) === 0 ? model.hardDelete({ id }) : model.softDelete({ id })).notifications),
      );
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
      const step = kill % 2 === 0 ? (killSteps[(kill / 2) % killSteps.length] ?? "none") : "none";
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
    say([...event.notifications, ...added.notifications]);

    // The last run is left in peace, and stopped in order.
    const { child, ended } = await start("none", 0);
    send(child, unacked);
    while (unacked.length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    child.send({ stop: true });
    const end = await ended;
    expect([end.code, end.errors]).toEqual([0, ""]);

    const expected = expectedIndicators(model, killItems);
    expect(expected.size).toBeGreaterThan(3);
    expect(describeDifferences(consumers.byId, consumers.byPattern, expected)).toEqual([]);

    // After a clean stop nothing is announced again.
    const before = consumers.received;
    const again = await start("none", 0);
    again.child.send({ stop: true });
    expect((await again.ended).code).toBe(0);
    expect(consumers.received).toBe(before);
    rmSync(path, { recursive: true, force: true });
  }, 1_200_000);
});
