import { createServer } from "node:net";
import { createZmqHostBus } from "@tb/bus-zmq";
import { afterEach, describe, expect, it } from "vitest";
import { ask, startApp } from "../../../packages/bus-zmq/test/app.ts";
import { freePorts } from "../../../tools/free-port.ts";
import { createCommands, until } from "./command.ts";
import { useMisp } from "./misp.ts";

const commands = createCommands("bus-program");
const misp = useMisp({ publishes: true });
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The real program, with more of a configuration than MISP. */
function start(more: string, inApps = "") {
  const api = misp.api();
  const misps = `misp: { zmq: { ${misp.zmq()} }, api: ${api} }`;
  commands.configure(`plugins: { apps: { ${misps}${inApps} } }\n${more}`);
  return misp.listening(() => commands.start());
}

async function addAttributes(...values: readonly string[]): Promise<readonly number[]> {
  const event = misp.model.addEvent({ info: "Phishing wave" });
  await misp.publisher.publish(event.notifications);
  const ids: number[] = [];
  for (const value of values) {
    const added = misp.model.addAttribute({ eventId: event.id, type: "domain", value });
    ids.push(added.id);
    await misp.publisher.publish(added.notifications);
  }
  return ids;
}

const pattern = (value: string) => `[domain-name:value = '${value}']`;
const sighting = (n: number, indicator: string) => {
  const now = new Date().toISOString();
  const id = `sighting--0b4f7d34-9c53-4a6e-8b1d-${String(n).padStart(12, "0")}`;
  return {
    type: "sighting",
    spec_version: "2.1",
    id,
    created: now,
    modified: now,
    last_seen: now,
    sighting_of_ref: indicator,
  };
};

/** What consumers hold that drop by pattern, and those that drop by id, over all of their subscriptions. */
function createHolder() {
  const byPattern = new Set<unknown>();
  const byId = new Map<unknown, unknown>();
  return {
    byPattern,
    byId,
    take(objects: readonly Readonly<Record<string, unknown>>[]) {
      for (const { id, pattern, x_threatbus_update: update } of objects) {
        if (update === "REMOVE") {
          byPattern.delete(pattern);
          byId.delete(id);
        } else {
          byPattern.add(pattern);
          byId.set(id, pattern);
        }
      }
    },
  };
}

describe("the program as host of the Threat Bus app protocol", () => {
  it("announces, removes, answers a snapshot, and brings sightings to MISP", async () => {
    const [manage = 0, pub = 0, sub = 0] = await freePorts(3);
    const program = await start("", `, zmq: { host: 127.0.0.1, manage: ${manage}, pub: ${pub}, sub: ${sub} }`);
    await until(() => program.stderr().includes("started: Threat Bus apps"));
    const first = await startApp({ manage });
    closing.push(() => first.close());
    const [kept = 0, gone = 0] = await addAttributes("kept.example", "gone.example");
    await first.until(() => first.objects().length === 2);
    await misp.publisher.publish(misp.model.hardDelete({ id: gone }).notifications);
    await first.until(() => first.objects().length === 3);
    expect(first.objects().map((object) => [object["pattern"], object["x_threatbus_update"]])).toEqual([
      [pattern("kept.example"), undefined],
      [pattern("gone.example"), undefined],
      [pattern("gone.example"), "REMOVE"],
    ]);

    // Who comes later gets what was missed, the removal included, and what is live.
    const later = await startApp({ manage }, { snapshot: 1 });
    closing.push(() => later.close());
    await later.until(() => later.received.length >= 2);
    expect(later.received.map(({ object }) => [object["pattern"], object["x_threatbus_update"]])).toEqual([
      [pattern("gone.example"), "REMOVE"],
      [pattern("kept.example"), undefined],
    ]);

    const uuid = misp.model.attributes().find(({ id }) => id === kept)?.uuid ?? "";
    await first.send(`stix2/sighting ${JSON.stringify(sighting(1, `indicator--${uuid}`))}`);
    await until(() => [...misp.model.state.sightings].length === 1);
    expect(program.stdout()).toBe("");
    await program.stop();
    expect(program.stderr()).toMatch(/delivered 1/);
    expect(program.stderr()).not.toContain("bus down");
  }, 30_000);

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "an app that is away while an indicator is removed, and we end by %s and start again, ends without it",
    async (signal) => {
      const [manage = 0, pub = 0, sub = 0] = await freePorts(3);
      const host = `, zmq: { host: 127.0.0.1, manage: ${manage}, pub: ${pub}, sub: ${sub} }`;
      const program = await start("", host);
      await until(() => program.stderr().includes("started: Threat Bus apps"));
      const held = createHolder();
      const before = await startApp({ manage }, { snapshot: 30 });
      const witness = await startApp({ manage });
      closing.push(() => witness.close());
      const [, gone = 0] = await addAttributes("kept.example", "gone.example", "shared.example");
      const [, held1 = 0] = await addAttributes("other.example", "shared.example");
      await before.until(() => before.objects().length >= 5);
      held.take(before.objects());
      await before.close();

      await misp.publisher.publish(misp.model.hardDelete({ id: gone }).notifications);
      // Another attribute still holds this value.
      await misp.publisher.publish(misp.model.hardDelete({ id: held1 }).notifications);
      await witness.until(
        () => witness.objects().filter((object) => object["x_threatbus_update"] === "REMOVE").length >= 2,
      );
      program.child.kill(signal);
      await program.closed;
      const again = await start("", host);
      await until(() => again.stderr().includes("started: Threat Bus apps"));

      const after = await startApp({ manage }, { snapshot: 30 });
      closing.push(() => after.close());
      await after.until(() => after.objects().length >= 6);
      held.take(after.objects());
      const values = ["kept.example", "other.example", "shared.example"].map(pattern);
      expect([...held.byPattern].sort()).toEqual(values);
      expect([...held.byId.values()].sort()).toEqual(values);
      expect(after.objects().filter((object) => object["x_threatbus_update"] === "REMOVE")).toHaveLength(2);
      await until(() => /snapshot \d+ \(30 days\): 6 objects in/.test(again.stderr()));
    },
    40_000,
  );

  it.each([0, 30])(
    "an app that is away while a value is edited, and comes back with a snapshot of %s days, ends with the new value alone",
    async (days) => {
      const [manage = 0, pub = 0, sub = 0] = await freePorts(3);
      const host = `, zmq: { host: 127.0.0.1, manage: ${manage}, pub: ${pub}, sub: ${sub} }`;
      const program = await start("", host);
      await until(() => program.stderr().includes("started: Threat Bus apps"));
      const held = createHolder();
      const before = await startApp({ manage });
      const witness = await startApp({ manage });
      closing.push(() => witness.close());
      const [edited = 0] = await addAttributes("old.example", "kept.example");
      await before.until(() => before.objects().length >= 2);
      held.take(before.objects());
      await before.close();

      for (const value of ["between.example", "new.example"]) {
        await misp.publisher.publish(misp.model.editAttribute({ id: edited, value }).notifications);
        await witness.until(() => witness.objects().some((object) => object["pattern"] === pattern(value)));
      }
      await program.stop();
      const again = await start("", host);
      await until(() => again.stderr().includes("started: Threat Bus apps"));

      const after = await startApp({ manage }, { snapshot: days });
      closing.push(() => after.close());
      await after.until(() => after.objects().length >= 3);
      await until(() => /snapshot \d+ \(.*\): \d+ objects in/.test(again.stderr()));
      held.take(after.objects());
      const values = ["kept.example", "new.example"].map(pattern);
      expect([...held.byPattern].sort()).toEqual(values);
      expect([...held.byId.values()].sort()).toEqual(values);
    },
    40_000,
  );

  it("says who subscribes, and does not fill the log when somebody does so in a loop", async () => {
    const [manage = 0, pub = 0, sub = 0] = await freePorts(3);
    const program = await start("", `, zmq: { host: 127.0.0.1, manage: ${manage}, pub: ${pub}, sub: ${sub} }`);
    await until(() => program.stderr().includes("started: Threat Bus apps"));
    for (let n = 0; n < 200; n += 1) {
      expect(await ask(manage, { action: "subscribe", topic: "stix2/indicator" })).toMatchObject({ status: "success" });
    }
    const lines = program.stderr().match(/app \d+: indicators, snapshot of 0 days/g) ?? [];
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.length).toBeLessThan(50);
    expect(new Set(lines).size).toBe(lines.length);
  }, 30_000);

  it("says which port is in use, and that another program may have it", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    closing.push(() => taken.close());
    const address = taken.address();
    const manage = address !== null && typeof address === "object" ? address.port : 0;
    const [pub = 0, sub = 0] = await freePorts(2);
    commands.configure(
      `plugins: { apps: { misp: { zmq: { ${misp.zmq()} } }, zmq: { manage: ${manage}, pub: ${pub}, sub: ${sub} } } }`,
    );
    const { closed, stderr } = commands.start();
    expect(await closed).toBe(75);
    expect(stderr()).toContain(String(manage));
  }, 30_000);
});

describe("the program joined to a Threat Bus", () => {
  it("announces there, finds it again after it was away, and takes its sightings to MISP", async () => {
    const [manage = 0, pub = 0, sub = 0] = await freePorts(3);
    const ports = { manage, pub, sub };
    const seen: string[] = [];
    const open = async () => {
      for (;;) {
        try {
          const host = createZmqHostBus({ host: "127.0.0.1", ...ports });
          // With a snapshot: the program may be back before the app, and what it sends then goes to no app.
          return { host, app: await startApp(ports, { snapshot: 1 }) };
        } catch (error) {
          // libzmq gives a port back some time after its socket was closed, and does not say when.
          if ((error as { readonly code?: unknown }).code !== "address_in_use") throw error;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    };
    let { host, app } = await open();
    const program = await start(`threatbus: 127.0.0.1:${ports.manage}\n`);
    await until(() => program.stderr().includes("started: the Threat Bus at"));
    const [id = 0] = await addAttributes("one.example");
    await app.until(() => app.objects().length >= 1);
    seen.push(String(app.objects()[0]?.["pattern"]));

    await app.close();
    await host[Symbol.asyncDispose]();
    await addAttributes("two.example");
    ({ host, app } = await open());
    closing.push(() => host[Symbol.asyncDispose]());
    closing.push(() => app.close());
    await app.until(() => app.objects().some((object) => object["pattern"] === pattern("two.example")));
    expect(seen).toEqual([pattern("one.example")]);

    const uuid = misp.model.attributes().find((attribute) => attribute.id === id)?.uuid ?? "";
    await app.send(`stix2/sighting ${JSON.stringify(sighting(1, `indicator--${uuid}`))}`);
    await until(() => [...misp.model.state.sightings].length === 1);
    await program.stop();
  }, 60_000);
});
