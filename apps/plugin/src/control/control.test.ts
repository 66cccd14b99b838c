import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ReconcileAnswer } from "../completeness/describe-reconcile.ts";
import type { Reconciler } from "../completeness/reconciler.ts";
import { askProgram } from "./ask-program.ts";
import { type ControlRequest, toSocketPath } from "./protocol.ts";
import { serveControl } from "./serve-control.ts";

const nothing: ReconcileAnswer = {
  events: 0,
  eventsInAll: 0,
  rows: 0,
  listed: 7,
  absent: 0,
  held: 0,
  tookMs: 0,
  announced: 0,
  removed: 0,
};
const all: ControlRequest = { reconcile: { all: true, force: false, dryRun: false } };
let folder: string;
let end: AbortController;
let serving: Promise<void> | undefined;
let said: string[];
let requests: Parameters<Reconciler["request"]>[0][];
let answer: () => Promise<ReconcileAnswer>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "control-"));
  end = new AbortController();
  said = [];
  requests = [];
  answer = () => Promise.resolve(nothing);
});
afterEach(async () => {
  end.abort();
  await serving;
  rmSync(folder, { recursive: true, force: true });
});

function serve(path = folder): void {
  const reconciler: Pick<Reconciler, "request"> = {
    request(request) {
      requests.push(request);
      return answer();
    },
  };
  serving = serveControl(path, reconciler, { signal: end.signal, say: (text) => said.push(text) });
}
const ask = (path = folder) => askProgram(path, all, () => undefined);
const opened = async () => {
  const socket = connect(toSocketPath(folder));
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
};
const closed = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

it("answers its owner alone, in place of a socket that a kill left, and takes it away at its end", async () => {
  writeFileSync(toSocketPath(folder), "");
  serve();
  expect(await ask()).toEqual({ ok: true, text: expect.stringContaining("none of 7 events differs") });
  expect(statSync(toSocketPath(folder)).mode & 0o777).toBe(0o600);
  end.abort();
  await serving;
  expect(await ask()).toMatchObject({ ok: false, absent: true });
});

it("is reached where the state folder's path is too long for a socket", async () => {
  const deep = join(folder, "a".repeat(80), "b".repeat(80));
  mkdirSync(deep, { recursive: true });
  serve(deep);
  expect(await ask(deep)).toMatchObject({ ok: true });
});

it("the program runs on where no socket can be made, and says so", async () => {
  mkdirSync(toSocketPath(folder));
  serve();
  await serving;
  expect(said).toEqual([expect.stringContaining("the command reconcile will not reach this program")]);
});

it("refuses what is no request, and cuts off a line that does not end", async () => {
  serve();
  const garbage = await opened();
  garbage.write('{"reconcile":{}}\n');
  garbage.setEncoding("utf8");
  const [line] = await new Promise<[string]>((resolve) => garbage.once("data", (text) => resolve([String(text)])));
  expect(line).toContain("another version");
  const endless = await opened();
  const over = closed(endless);
  endless.write("x".repeat(1024 * 1024));
  await over;
  expect(requests).toEqual([]);
  expect(await ask()).toMatchObject({ ok: true });
});

it("goes on with what was asked for when the client leaves, and serves the next", async () => {
  let finish = (_: ReconcileAnswer) => {};
  answer = () => new Promise((resolve) => (finish = resolve));
  serve();
  const leaver = await opened();
  leaver.write(`${JSON.stringify(all)}\n`);
  while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const gone = closed(leaver);
  leaver.destroy();
  await gone;
  requests[0]?.onProgress?.({ events: 1, eventsInAll: 2, rows: 3 });
  finish(nothing);
  answer = () => Promise.resolve(nothing);
  expect(await ask()).toMatchObject({ ok: true });
});

it("tells a client that waits that the program ends", async () => {
  answer = () => new Promise(() => undefined);
  serve();
  const asked = ask();
  while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  end.abort();
  expect(await asked).toEqual({ ok: false, absent: false, text: expect.stringContaining("the program ended") });
});

it("says so when whatever listens there is no program of this kind", async () => {
  const server = createServer((socket) => socket.resume().end("hello\n"));
  await new Promise<void>((resolve) => server.listen(toSocketPath(folder), resolve));
  expect(await ask()).toEqual({ ok: false, absent: false, text: expect.stringContaining("cannot be understood") });
  await new Promise((resolve) => server.close(resolve));
});
