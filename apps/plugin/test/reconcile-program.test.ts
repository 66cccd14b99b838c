import { beforeEach, expect, it } from "vitest";
import { openReadOnlyIndex } from "../src/store/read-only-index.ts";
import { type Command, createCommands, until } from "./command.ts";
import { useMisp } from "./misp.ts";

let clock: number;
const commands = createCommands("reconcile-program");
const misp = useMisp({ now: () => clock });
beforeEach(async () => {
  // MISP's changes lie back, so that nothing is read twice for being recent.
  clock = Math.floor(Date.now() / 1000) - 3_600;
  writeConfig("reconcile: { interval: 0 }");
});

function writeConfig(more: string): void {
  commands.configure(`plugins: { apps: { misp: { zmq: { ${misp.zmq()} }, api: ${misp.api()}, ${more} } } }`);
}
const addEvents = (count: number) => {
  for (let i = 0; i < count; i++) {
    clock += 1;
    const { id } = misp.model.addEvent({ info: "unheard" });
    misp.model.addAttribute({ eventId: id, type: "domain", value: `d${id}.example` });
  }
};
const names = (program: Command) =>
  program.objects().map(({ name, x_threatbus_update: update }) => (update === undefined ? name : `${update} ${name}`));

it("fills at start, catches up after a reconnect, and again after a stop, with nothing but REST to tell it", async () => {
  addEvents(3);
  const first = await misp.listening(() => commands.start());
  await until(() => first.lines().length === 3);
  expect(names(first).sort()).toEqual(["d1.example", "d2.example", "d3.example"]);
  addEvents(1);
  await misp.publisher.rebind();
  await until(() => first.lines().length === 4);
  await first.stop();
  misp.model.deleteEvent({ id: 1 });
  addEvents(1);
  const second = commands.start();
  await until(() => second.lines().length === 2);
  expect(names(second).sort()).toEqual(["REMOVE d1.example", "d5.example"]);
  await second.stop();
  expect(second.stderr()).toMatch(/in all: .*reconciled [1-9]\d*, read \d+, absent 1/);
}, 60_000);

it("compares at its interval", async () => {
  writeConfig("reconcile: { interval: 300ms }");
  const program = commands.start();
  await until(() => program.stderr().includes("takes the key"));
  addEvents(1);
  await until(() => program.lines().length === 1);
  await program.stop();
}, 30_000);

it("reads again on demand, says what it does, and holds the brake until it is forced", async () => {
  addEvents(30);
  const program = commands.start();
  await until(() => program.lines().length === 30);
  // Nothing tells of these: no version changes with a narrowed key.
  for (let id = 1; id <= 25; id++) misp.model.deleteEvent({ id });
  clock += 10;
  misp.model.editEvent({ id: 26 });
  misp.model.addAttribute({ eventId: 26, type: "domain", value: "added.example" });

  const dry = await commands.run("reconcile", "--dry-run");
  expect(dry.stderr).toMatch(/25 events would vanish at once/);
  const one = await commands.run("reconcile", "--event", "26");
  expect(one).toMatchObject({ code: 0, stderr: "" });
  expect(one.stdout).toMatch(/^reconciled: read 1 of 5 events with 2 attributes/);
  await until(() => program.lines().length === 31);
  expect(names(program).at(-1)).toBe("added.example");

  const held = await commands.run("reconcile");
  expect(held.code).toBe(70);
  expect(held.stderr).toMatch(/25 events would vanish at once, so nothing was removed: if MISP is right, add --force/);
  expect(program.stderr()).toMatch(/looks like a key that sees less than before: nothing is removed/);
  const forced = await commands.run("reconcile", "--force");
  expect(forced).toMatchObject({ code: 0, stderr: "" });
  expect(forced.stdout).toContain("25 attributes are no longer there");
  await until(() => program.lines().length === 56);
  const since = await commands.run("reconcile", "--since", "30d");
  expect(since.stdout).toMatch(/^reconciled: read 5 of 5 events with 6 attributes/);
  await program.stop();
}, 90_000);

it("says at its end what the brake held", async () => {
  addEvents(30);
  const first = commands.start();
  await until(() => first.lines().length === 30);
  await first.stop();
  for (let id = 1; id <= 25; id++) misp.model.deleteEvent({ id });
  const second = commands.start();
  await until(() => second.stderr().includes("nothing is removed"));
  await second.stop();
  expect(second.stderr()).toMatch(
    /25 events that are no longer in MISP were not removed: threatbus-misp reconcile --force/,
  );
  expect(second.lines()).toEqual([]);
}, 60_000);

it("run --once compares, announces and ends, and says what is wrong when MISP cannot be asked", async () => {
  addEvents(2);
  const once = await commands.run("run", "--once");
  expect(once.code).toBe(0);
  expect(once.lines).toHaveLength(2);
  expect((await commands.run("run", "--once")).lines).toEqual([]);
  await misp.rest.down();
  const down = await commands.run("run", "--once");
  expect({ code: down.code, stderr: down.code === 75 ? "" : down.stderr }).toEqual({ code: 75, stderr: "" });
  expect(down.stderr).toContain("MISP cannot be asked");
  await misp.rest.up();
  misp.rest.fail({ kind: "rate-limit" }, { path: "/events" });
  const busy = await commands.run("run", "--once");
  expect(busy.code).toBe(75);
  expect(busy.stderr).toMatch(/stopped: MISP cannot be asked: .*too many requests/);
  misp.rest.heal();
  misp.rest.fail({ kind: "hang" }, { path: "/events" });
  const stopped = commands.start(["run", "--once"]);
  await until(() => stopped.stderr().includes("takes the key"));
  stopped.child.kill("SIGTERM");
  expect(await stopped.closed).toBe(75);
  expect(stopped.stderr()).toContain("a signal came before it was done");
}, 60_000);

it("reconcile without a running program says so, and what it cannot do at once", async () => {
  expect(await commands.run("reconcile")).toMatchObject({
    code: 75,
    stderr: expect.stringContaining("no program runs"),
  });
  expect(await commands.run("reconcile", "--event", "1", "--since", "7d")).toMatchObject({ code: 64 });
}, 30_000);

it("a program that is killed while it fills goes on where it was", async () => {
  addEvents(900);
  misp.rest.fail({ kind: "delay", ms: 400 }, { path: "/attributes", after: 1 });
  const first = commands.start();
  await until(() => first.lines().length > 0);
  const opened = openReadOnlyIndex(commands.path(".threatbus-misp"));
  if (!opened.ok) throw new Error(opened.text);
  await using index = opened.reader;
  /** What the index knows to be on the bus. */
  const confirmed = () =>
    index.read((view) => view.entriesAfter(0, 900).filter(({ live, sequence }) => live && !view.isDirty(sequence)));
  await until(() => confirmed().length > 0);
  first.child.kill("SIGKILL");
  await first.closed;
  const told = new Set(names(first));
  const kept = new Set(confirmed().map(({ content }) => content.value));
  misp.rest.heal();
  misp.rest.forgetRequests();
  const second = commands.start();
  await until(() => new Set([...told, ...names(second)]).size === 900);
  await second.stop();
  const asked = misp.rest.requests
    .filter(({ path }) => path.includes("restSearch"))
    .flatMap(({ body }): number[] => JSON.parse(body).eventid);
  expect(asked.length).toBeLessThan(900);
  expect(names(second).filter((name) => kept.has(name))).toEqual([]);
}, 60_000);
