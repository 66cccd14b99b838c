import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createMispModel, type MispModel } from "../model.ts";
import { createCountingUuid } from "../random/source.ts";
import { exampleKeys } from "./key.ts";
import { createRestServer, type RestServer } from "./rest-server.ts";
import { ask, fill, rowsOf } from "./testing/replay.ts";

const { key } = exampleKeys.own;
const clock = { now: 1_800_000_000 };

let model: MispModel;
let server: RestServer;
beforeEach(async () => {
  model = createMispModel({ now: () => clock.now, uuid: createCountingUuid() });
  model.addEvent({ info: "event" });
  fill(model, 1, 30);
  server = await createRestServer(model, { now: () => clock.now });
});
afterEach(() => server[Symbol.asyncDispose]());

const search = (body: object = { limit: 10 }) => ask(server, { path: "/attributes/restSearch", body, key });
const sight = () => ask(server, { path: "/sightings/add/1", body: { type: "0" }, key });
const version = () => ask(server, { path: "/servers/getVersion", key });
/** Why a request failed, in the words of the system. */
const failed = (promise: Promise<unknown>) =>
  promise.then(
    () => "answered",
    (error: Error & { cause?: { code?: string } }) => error.cause?.code ?? error.name,
  );

it("answers late, but carries the request out at once", async () => {
  server.fail({ kind: "delay", ms: 60 });
  const startedAt = performance.now();
  const reply = sight();
  await expect.poll(() => model.state.sightings.size).toBe(1);
  expect((await reply).status).toBe(200);
  expect(performance.now() - startedAt).toBeGreaterThan(55);
});

it("goes down and comes back on the same port, with the model as it is", async () => {
  const { port } = server;
  await server.down();
  expect(await failed(version())).toBe("ECONNREFUSED");
  model.addEvent({ info: "meanwhile" });
  await server.up();
  expect(server.port).toBe(port);
  expect((await ask(server, { path: "/events/view/2", key })).status).toBe(200);
  await server.up();
  expect((await version()).status).toBe(200);
});

it("breaks requests that are under way when it goes down", async () => {
  server.fail({ kind: "hang" });
  const hanging = failed(version());
  await expect.poll(() => server.requests.length).toBe(1);
  await server.down();
  expect(await hanging).not.toBe("answered");
});

it("resets a connection before or after the work", async () => {
  server.fail({ kind: "reset" }, { times: 1 });
  expect(await failed(sight())).toBe("ECONNRESET");
  expect(model.state.sightings.size).toBe(0);
  server.fail({ kind: "lost-answer" }, { times: 1 });
  expect(await failed(sight())).toBe("ECONNRESET");
  expect(model.state.sightings.size).toBe(1);
  expect((await sight()).status).toBe(200);
  expect(server.requests.map(({ status }) => status)).toEqual([undefined, undefined, 200]);
});

it("says when to come back", async () => {
  server.fail({ kind: "rate-limit", resetSeconds: 7, retryAfter: 9 });
  const reply = await search();
  expect(reply.status).toBe(429);
  expect([reply.headers.get("X-Rate-Limit-Reset"), reply.headers.get("Retry-After")]).toEqual(["7", "9"]);
  expect(reply.json()["message"]).toBe("Rate limit exceeded.");
  server.heal();
  server.fail({ kind: "rate-limit" });
  expect((await search()).headers.has("Retry-After")).toBe(false);
});

it("answers with a proxy's page, also with 200", async () => {
  server.fail({ kind: "html" }, { times: 1 });
  server.fail({ kind: "html", status: 200 }, { after: 1, times: 1 });
  for (const status of [502, 200]) {
    const reply = await sight();
    expect([reply.status, reply.headers.get("content-type")]).toEqual([status, "text/html; charset=UTF-8"]);
    expect(reply.text).toContain("<html>");
  }
  expect(model.state.sightings.size).toBe(0);
});

it("cuts an answer: as if it were whole, by the connection, or for ever", async () => {
  const whole = (await search()).text;
  server.fail({ kind: "truncate", how: "json" }, { times: 1 });
  const cut = await search();
  expect(cut.status).toBe(200);
  expect(whole.startsWith(cut.text)).toBe(true);
  expect(() => cut.json()).toThrow(SyntaxError);
  server.fail({ kind: "truncate", how: "connection" }, { times: 1 });
  expect(await failed(search())).toMatch(/^UND_ERR_/);

  server.fail({ kind: "truncate", how: "stall" });
  const response = await fetch(`${server.url}/servers/getVersion`, {
    headers: { accept: "application/json", authorization: key },
  });
  const reader = response.body?.getReader();
  expect((await reader?.read())?.done).toBe(false);
  const rest = failed(reader?.read() ?? Promise.resolve());
  await server.down();
  expect(await rest).not.toBe("answered");
});

it("redirects, refuses searches, fails inside, or answers anything", async () => {
  server.fail({ kind: "redirect", location: "https://elsewhere.example/" }, { times: 1 });
  const redirect = await search();
  expect([redirect.status, redirect.headers.get("location")]).toEqual([302, "https://elsewhere.example/"]);

  server.fail({ kind: "searches-not-allowed" });
  const refused = await search();
  expect([refused.status, refused.json()["name"]]).toEqual([405, "API searches are not allowed for this user role."]);
  expect((await version()).status).toBe(200);
  server.heal();

  server.fail({ kind: "internal-error" }, { path: "/sightings" });
  expect((await search()).status).toBe(200);
  expect((await sight()).json()).toEqual({
    name: "An Internal Error Has Occurred.",
    message: "An Internal Error Has Occurred.",
    url: "/sightings/add/1",
  });
  server.heal();

  server.fail({ kind: "answer", status: 418, headers: { "x-test": "1" }, body: "tea" }, { path: "/sightings" });
  expect((await version()).status).toBe(200);
  const reply = await sight();
  expect([reply.status, reply.headers.get("x-test"), reply.text]).toEqual([418, "1", "tea"]);
});

it("gives the right answer under the wrong Content-Type", async () => {
  server.fail({ kind: "content-type", value: "text/plain" });
  const reply = await search();
  expect(reply.headers.get("content-type")).toBe("text/plain");
  expect(rowsOf(reply.json())).toHaveLength(10);
});

it("repeats the first page for ever, and hides what changed just now", async () => {
  const firstIds = async (page: number) => rowsOf((await search({ limit: 10, page })).json()).map(({ id }) => id);
  expect(await firstIds(2)).not.toEqual(await firstIds(1));
  server.fail({ kind: "repeat-page" });
  expect(await firstIds(9)).toEqual(await firstIds(1));
  server.heal();

  clock.now += 100;
  model.addAttribute({ eventId: 1, type: "domain", value: "new.example" });
  server.fail({ kind: "lag", seconds: 10 });
  const isFound = async () => rowsOf((await search({ value: "new.example" })).json()).length;
  expect(await isFound()).toBe(0);
  clock.now += 10;
  expect(await isFound()).toBe(1);
  model.editAttribute({ id: model.attributes().find(({ value }) => value === "new.example")?.id ?? 0 });
  // An edit makes no row vanish.
  expect(await isFound()).toBe(1);
});

it("keeps what was asked, and lets a test act before it is answered", async () => {
  const seen: string[] = [];
  await using watched = await createRestServer(model, {
    beforeRequest: ({ path }) => {
      seen.push(path);
      model.deleteEvent({ id: 1 });
    },
  });
  const reply = await ask(watched, { path: "/attributes/restSearch", body: { eventid: 1 }, key });
  expect(rowsOf(reply.json())).toEqual([]);
  expect(watched.requests).toMatchObject([
    {
      method: "POST",
      path: "/attributes/restSearch",
      body: '{"eventid":1}',
      status: 200,
      headers: { authorization: key },
    },
  ]);
  watched.forgetRequests();
  expect(watched.requests).toEqual([]);
  expect(seen).toEqual(["/attributes/restSearch"]);
});

it("is done with a caller who goes away in the middle of a long answer", async () => {
  fill(model, 1, 20_000);
  const socket = connect(server.port, server.host);
  socket.write(
    `POST /attributes/restSearch HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nContent-Type: application/json\r\nAuthorization: ${key}\r\nContent-Length: 13\r\n\r\n{"eventid":1}`,
  );
  await once(socket, "data");
  socket.destroy();
  expect((await version()).status).toBe(200);
  await server.down();
});

it("says so when its port is taken", async () => {
  await expect(createRestServer(model, { port: server.port })).rejects.toThrow("EADDRINUSE");
});

it("stamps every answer with MISP's clock, whatever the answer", async () => {
  clock.now = 1_812_345_678;
  const stamp = new Date(clock.now * 1000).toUTCString();
  expect((await version()).headers.get("date")).toBe(stamp);
  expect((await search()).headers.get("date")).toBe(stamp);
  server.fail({ kind: "html" });
  expect((await version()).headers.get("date")).toBe(stamp);
});
