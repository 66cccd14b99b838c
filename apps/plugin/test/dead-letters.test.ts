import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DeadLetter, OutboxEntry } from "@tb/misp-core";
import { exampleOutboxEntry } from "@tb/misp-core/testing";
import { createZmqPublisher } from "@tb/misp-simulator";
import { open } from "lmdb";
import { beforeEach, describe, expect, it } from "vitest";
import { openLmdbStore } from "../src/store/lmdb-store.ts";
import { createCommands } from "./command.ts";

let state: string;
const commands = createCommands("dead-letters");
beforeEach(() => {
  state = commands.path("state");
  configure(50_000);
});

function configure(port: number): void {
  const zmq = `zmq: { host: 127.0.0.1, port: ${port}, username: u, password: geheim }`;
  commands.configure(
    `plugins: { apps: { misp: { ${zmq}, filter: [ { types: [domain] } ] } } }\nstate: { path: ${state} }\n`,
  );
}

const run = (...parameters: readonly string[]) => commands.run("dead-letters", ...parameters);
const uuidOf = (number: number) => exampleOutboxEntry(number).row.uuid;
const letter = (number: number, part: Partial<OutboxEntry> = {}): DeadLetter => ({
  entry: exampleOutboxEntry(number, { failures: 1, strikes: 1, failedAtMs: 5, detail: "HTTP 404", ...part }),
  reason: "refused",
  buriedAtMs: 1_795_495_678_002,
});

async function fill(letters: readonly DeadLetter[], waiting: readonly OutboxEntry[] = []): Promise<void> {
  await using store = await openLmdbStore({ path: state });
  await store.outbox.commit({ put: [...letters.map(({ entry }) => entry), ...waiting] });
  await store.outbox.commit({ bury: letters });
}

/** What lies there now. */
async function look() {
  await using store = await openLmdbStore({ path: state });
  return {
    dead: store.outbox.deadLetters("", 10_000).map(({ entry }) => entry.row.uuid),
    waiting: store.outbox.earliest(10_000),
  };
}

describe("dead-letters list", () => {
  it("prints uuid, when and why, a line each, whatever was answered, and changes nothing", async () => {
    const answer = "no\nsuch\u001b[2J attribute, geheim";
    await fill([letter(2, { detail: answer }), { ...letter(1, { detail: "" }), reason: "keeps_failing" }]);
    const before = readFileSync(join(state, "data.mdb"));
    const { code, stdout, stderr } = await run("list");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(
      `${uuidOf(1)}  2026-11-24T04:47:58.002Z  keeps failing\n` +
        `${uuidOf(2)}  2026-11-24T04:47:58.002Z  refused: no\\u000asuch\\u001b[2J attribute, ***\n`,
    );
    expect(readFileSync(join(state, "data.mdb")).equals(before)).toBe(true);
  });

  it("prints them all, in the order of their uuids, and ends without a word when its reader leaves", async () => {
    const numbers = Array.from({ length: 1_203 }, (_, index) => index);
    await fill(numbers.map((number) => letter(number)));
    const { code, lines } = await run("list");
    expect([code, lines.map((line) => line.split(" ")[0])]).toEqual([0, numbers.map(uuidOf)]);
    const left = commands.start(["dead-letters", "list"], { read: false });
    left.child.stdout.destroy();
    expect([await left.closed, left.stderr()]).toEqual([0, ""]);
  });

  it("says when there are none", async () => {
    await fill([]);
    expect(await run("list")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: `threatbus-misp: there are no dead letters in ${state}\n`,
    });
  });
});

describe("dead-letters show", () => {
  it("prints the whole row as JSON, also by the id of the STIX sighting", async () => {
    const shown = letter(1, { row: { ...letter(1).entry.row, source: "a\u009b\u202eb\u2028" }, detail: "\u001b\n“x”" });
    await fill([shown]);
    const { code, stdout, stderr } = await run("show", `sighting--${uuidOf(1).toUpperCase()}`);
    expect([code, stderr, JSON.parse(stdout)]).toEqual([0, "", shown]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
    expect(stdout.split("\n").length).toBeGreaterThan(10);
  });

  it("does not show a configured secret, and stays JSON", async () => {
    await fill([letter(1, { detail: 'the key "geheim" is wrong' })]);
    const { stdout } = await run("show", uuidOf(1));
    expect(JSON.parse(stdout).entry.detail).toBe('the key "***" is wrong');
  });
});

describe("dead-letters retry", () => {
  it("sends them again as if never tried, and leaves the others; what waits already stays as it is", async () => {
    const waiting = exampleOutboxEntry(9, { failures: 4, dueAtMs: 7 });
    await fill([letter(1), letter(2, { count: 3, strikes: 8, failures: 9 }), letter(3)], [waiting]);
    const sinceMs = Date.now();
    const { code, lines, stderr } = await run("retry", uuidOf(2), `sighting--${uuidOf(1)}`, uuidOf(9), uuidOf(2));
    expect([code, stderr]).toEqual([0, ""]);
    expect(lines).toEqual([
      `${uuidOf(2)}  is sent again`,
      `${uuidOf(1)}  is sent again`,
      `${uuidOf(9)}  waits already`,
    ]);
    const { dead, waiting: found } = await look();
    expect(dead).toEqual([uuidOf(3)]);
    const [first, ...again] = found;
    expect(first).toEqual(waiting);
    const dueAtMs = again[0]?.dueAtMs ?? 0;
    expect(dueAtMs).toBeGreaterThanOrEqual(sinceMs);
    expect(dueAtMs).toBeLessThanOrEqual(Date.now());
    expect(again).toEqual([exampleOutboxEntry(1, { dueAtMs }), exampleOutboxEntry(2, { dueAtMs, count: 3 })]);
  });
});

describe("dead-letters drop", () => {
  it("forgets them, and never a row that waits", async () => {
    const waiting = exampleOutboxEntry(9);
    await fill([letter(1), letter(2), letter(3)], [waiting]);
    const refused = await run("drop", uuidOf(1), uuidOf(9));
    expect(refused).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `threatbus-misp: there is no dead letter ${uuidOf(9)}; nothing was changed\n`,
    });
    expect((await look()).dead).toHaveLength(3);
    const { code, lines } = await run("drop", uuidOf(1), uuidOf(3));
    expect([code, lines]).toEqual([0, [`${uuidOf(1)}  is dropped`, `${uuidOf(3)}  is dropped`]]);
    expect(await look()).toEqual({ dead: [uuidOf(2)], waiting: [waiting] });
  });
});

describe("dead-letters", () => {
  it.each([
    ["show", ["show"]],
    ["retry", ["retry"]],
    ["drop", ["drop"]],
  ])("%s what is not there: 1, which one, and nothing is changed", async (_, parameters) => {
    await fill([letter(1)]);
    const unknown = parameters[0] === "show" ? ["\u001b[2J"] : [uuidOf(1), "\u001b[2J"];
    const { code, stdout, stderr } = await run(...parameters, ...unknown);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^threatbus-misp: there is no dead letter \\u001b\[2j(; nothing was changed)?\n$/);
    expect((await look()).dead).toEqual([uuidOf(1)]);
  });

  it.each([[["list"]], [["show", "x"]], [["retry", "x"]], [["drop", "x"]]])(
    "%j where the program never ran: 1, and makes nothing",
    async (parameters) => {
      const { code, stdout, stderr } = await run(...parameters);
      expect([code, stdout, stderr]).toEqual([1, "", `threatbus-misp: there is no outbox in ${state} yet\n`]);
      expect(existsSync(state)).toBe(false);
    },
  );

  it("list in a store from before there was an outbox: 1; retry and drop leave it alone", async () => {
    await fill([]);
    const root = open({ path: state, maxDbs: 16 });
    for (const name of ["outbox", "outbox-uuids", "dead-letters"]) await root.openDB({ name }).drop();
    await root.close();
    for (const parameters of [["list"], ["drop", "x"]]) {
      expect(await run(...parameters)).toMatchObject({
        code: 1,
        stderr: `threatbus-misp: there is no outbox in ${state} yet\n`,
      });
    }
    // And the program opens it as before.
    expect(await look()).toEqual({ dead: [], waiting: [] });
  });

  it("of a damaged state folder: 78, and what it is", async () => {
    await fill([letter(1)]);
    writeFileSync(join(state, "data.mdb"), "garbage");
    for (const parameters of [["list"], ["retry", uuidOf(1)]]) {
      const { code, stderr } = await run(...parameters);
      expect([code, stderr]).toEqual([78, expect.stringContaining("is damaged")]);
    }
  });

  it("beside the running program: list and show work; retry and drop say that it has to be stopped, and change nothing", async () => {
    await using publisher = await createZmqPublisher({ watchSubscriptions: true });
    await fill([letter(1)]);
    configure(publisher.port);
    commands.configure(readFileSync(commands.path("config.yaml"), "utf8").replace(/, username.*geheim/, ""));
    const program = commands.start();
    await publisher.subscriptions.atLeast("misp_json_attribute ", 1);
    expect((await run("list")).lines).toEqual([expect.stringContaining(uuidOf(1))]);
    expect(JSON.parse((await run("show", uuidOf(1))).stdout)).toEqual(letter(1));
    for (const name of ["retry", "drop"]) {
      const { code, stdout, stderr } = await run(name, uuidOf(1));
      expect([code, stdout]).toEqual([75, ""]);
      expect(stderr).toContain(
        "threatbus-misp: the program is running, so nothing was changed: stop it, run this again",
      );
      expect(stderr).toContain(`pid ${program.child.pid}`);
    }
    await program.stop();
    expect((await look()).dead).toEqual([uuidOf(1)]);
    expect((await run("drop", uuidOf(1))).code).toBe(0);
    expect(readdirSync(state)).toEqual(["data.mdb", "lock.mdb"]);
  });
});
