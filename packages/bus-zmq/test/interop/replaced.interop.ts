import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, inject, it, onTestFinished } from "vitest";
import { createCountingUuid, createMispModel, createZmqPublisher } from "../../../../apps/misp-simulator/src/index.ts";
import { freePorts } from "../../../../tools/free-port.ts";
import { type App, startApp } from "../app.ts";
import { startProgram } from "./program.ts";

const programs = inject("programs")?.host ?? "";
const main = fileURLToPath(new URL("../../../../apps/plugin/src/main.ts", import.meta.url));

it.skipIf(programs === "")(
  "a real Threat Bus that served one MISP is replaced by this program with the same config.yaml, and its app goes on",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "threatbus-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const publisher = await createZmqPublisher({ watchSubscriptions: true });
    onTestFinished(() => publisher[Symbol.asyncDispose]());
    const model = createMispModel({ now: () => Math.floor(Date.now() / 1000), uuid: createCountingUuid() });
    const event = model.addEvent({ info: "Phishing wave" });
    const [manage = 0, pub = 0, sub = 0] = await freePorts(3);
    writeFileSync(
      join(folder, "config.yaml"),
      `logging: { console: true, console_verbosity: DEBUG, file: false }
plugins:
  backbones: { inmem: {} }
  apps:
    zmq: { host: "127.0.0.1", manage: ${manage}, pub: ${pub}, sub: ${sub} }
    misp: { zmq: { host: 127.0.0.1, port: ${publisher.port} }, filter: [ { types: ["domain"] } ] }
`,
    );
    /** Publishes a new attribute now and again, until one of them arrives: a Threat Bus does not say when it is ready. */
    const announceUntilReceived = async (app: App) => {
      const before = app.objects().length;
      const values: string[] = [];
      while (app.objects().length === before) {
        const value = `host-${model.attributes().length}.example`;
        values.push(`[domain-name:value = '${value}']`);
        const added = model.addAttribute({ eventId: event.id, type: "domain", value });
        await publisher.publish([...event.notifications, ...added.notifications]);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      const object = app.objects().at(-1);
      expect(values).toContain(object?.["pattern"]);
      const attribute = model
        .attributes()
        .find(({ value }) => `[domain-name:value = '${value}']` === object?.["pattern"]);
      return { object, id: `indicator--${attribute?.uuid}` };
    };

    const real = startProgram(join(programs, "threatbus"), folder);
    const before = await startApp({ manage });
    const told = await announceUntilReceived(before);
    expect(told.object).toMatchObject({ type: "indicator", id: told.id, pattern_type: "stix" });
    expect(await real.stop("SIGINT")).toBe(0);

    const node = ["--import", import.meta.resolve("tsx"), "--conditions=@tb/source", main];
    const ours = startProgram(process.execPath, folder, { arguments: node });
    onTestFinished(() => ours.stop("SIGKILL").then(() => undefined));
    await ours.says("started: Threat Bus apps");
    // What every app does: its heartbeat fails, and it subscribes again.
    expect(await before.heartbeat()).toEqual({ status: "error" });
    await before.close();
    const after = await startApp({ manage }, { snapshot: 30 });
    onTestFinished(after.close);
    const now = await announceUntilReceived(after);
    expect(now.object).toMatchObject({ type: "indicator", id: now.id, pattern_type: "stix" });
    expect(await ours.stop("SIGTERM"), ours.output()).toBe(0);
  },
);
