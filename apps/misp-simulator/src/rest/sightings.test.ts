import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Json } from "../messages/json.ts";
import type { ModelNotification } from "../messages/topics.ts";
import { createMispModel, type MispModel } from "../model.ts";
import { createCountingUuid } from "../random/source.ts";
import { exampleKeys } from "./key.ts";
import { createRestServer, type RestServer } from "./rest-server.ts";
import { ask, fill, readRecorded, rowsOf } from "./testing/replay.ts";

const now = 1_800_000_000;
const { own, other, readOnly, sync, admin } = exampleKeys;

let model: MispModel;
let server: RestServer;
let published: ModelNotification[];
beforeEach(async () => {
  published = [];
  model = createMispModel({ now: () => now, uuid: createCountingUuid() });
  model.addEvent({ info: "event", distribution: 3 });
  fill(model, 1, 3);
  server = await createRestServer(model, { now: () => now, publish: (said) => void published.push(...said) });
});
afterEach(() => server[Symbol.asyncDispose]());

const post = (path: string, body: unknown, key: string = own.key, headers = {}) =>
  ask(server, { path, body, key, headers });
const uuidOf = (id: number) => model.state.attributes.get(id)?.uuid ?? "";
const item = (number: number, more: Json = {}) => ({
  uuid: `10000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
  attribute_uuid: uuidOf(1),
  date_sighting: String(now),
  type: "0",
  ...more,
});
const held = () => [...model.state.sightings].map(({ source, org, type }) => [org.id, type, source]);

it("publishes what it added, as the stream says it, before it answers", async () => {
  const { Sighting } = (await post("/sightings/add/1", { type: "1", source: "siem" })).json() as { Sighting: Json };
  expect(published).toHaveLength(1);
  expect(published[0]?.topic).toBe("misp_json_sighting");
  expect(JSON.parse(published[0]?.body ?? "")).toMatchObject({
    Sighting: { ...Sighting, Attribute: { id: "1" } },
    action: "add",
  });
});

describe("sightings/add", () => {
  it("is refused without the permission", async () => {
    const reply = await post("/sightings/add/1", { type: 0 }, readOnly.key);
    expect([reply.status, reply.json()["message"]]).toEqual([
      403,
      "You do not have permission to use this functionality.",
    ]);
    expect(held()).toEqual([]);
  });

  it("answers GET and PUT with a description and saves nothing", async () => {
    for (const method of ["GET", "PUT"]) {
      const reply = await ask(server, { method, path: "/sightings/add/1", key: own.key });
      expect([reply.status, reply.json()["name"]]).toEqual([200, "/sightings/add API description"]);
    }
    expect(held()).toEqual([]);
  });

  it("answers scripts in another form", async () => {
    const ajax = { "x-requested-with": "XMLHttpRequest" };
    expect((await post("/sightings/add/1", { type: 0 }, own.key, ajax)).json()).toEqual({
      saved: true,
      success: "1 sighting  added.",
    });
    expect((await post("/sightings/add/1|2|x", { type: 0 }, own.key, ajax)).json()).toEqual({
      saved: true,
      success: "2 sightings  added.",
    });
    expect((await post("/sightings/add/99", { type: 0 }, own.key, ajax)).json()).toEqual({
      saved: false,
      errors: "Could not add the Sighting. Reason: No valid attributes found that match the criteria.",
    });
  });

  it("does not indent for PyMISP", async () => {
    const { text } = await post("/sightings/add/1", { type: 0 }, own.key, { "user-agent": "PyMISP 2.5" });
    expect(text).toMatch(/^\{"Sighting":\{"id":"1"/);
  });

  it("takes a number out of any text, reads wrapped bodies, and makes a row for each repeat", async () => {
    await post("/sightings/add/2b22", { request: { Sighting: { source: "wrapped" } } });
    await post("/sightings/add/2", { source: "wrapped" });
    expect([...model.state.sightings].map(({ attribute }) => attribute.id)).toEqual([2, 2]);
    expect(held()).toEqual([
      [1, 0, "wrapped"],
      [1, 0, "wrapped"],
    ]);
  });

  it("does not read a body that is not said to be JSON", async () => {
    await post("/sightings/add/1", '{"type": "1", "source": "lost"}', own.key, { "content-type": "text/plain" });
    expect(held()).toEqual([[1, 0, ""]]);
  });

  it("takes date and time before the timestamp", async () => {
    const reply = await post("/sightings/add/1", { timestamp: 5, date: "2026-01-02", time: "03:04:05" });
    expect(reply.json()).toMatchObject({ Sighting: { date_sighting: "1767323045" } });
    expect((await post("/sightings/add/1", { date: "no", time: "date" })).status).toBe(500);
  });

  it("replaces an organisation's expiration for the text 2, not for the number", async () => {
    const expire = (type: unknown, source: string, key?: string) => post("/sightings/add/1", { type, source }, key);
    await expire("2", "first");
    await expire("2", "theirs", other.key);
    await expire("2", "second");
    await expire(2, "third");
    expect(held().toSorted()).toEqual([
      [1, 2, "second"],
      [1, 2, "third"],
      [2, 2, "theirs"],
    ]);
    expect(published).toHaveLength(4);
  });
});

describe("sightings/bulkSaveSightings", () => {
  const bulk = (items: unknown, key?: string) => post("/sightings/bulkSaveSightings/1", items, key);

  it("saves a hundred once, however often they are sent", async () => {
    const items = Array.from({ length: 100 }, (_, number) => item(number));
    expect((await bulk(items)).json()).toEqual({ saved: true, success: "100 sightings added." });
    expect(published).toHaveLength(100);
    expect((await bulk(items, other.key)).json()).toEqual({ saved: false, success: "No sightings added." });
    expect([held().length, published.length]).toEqual([100, 100]);
  });

  it("saves what is new after an answer was lost", async () => {
    server.fail({ kind: "lost-answer" }, { times: 1 });
    await expect(bulk([item(1), item(2)])).rejects.toThrow();
    expect((await bulk([item(1), item(2), item(3)])).json()).toEqual({ saved: true, success: "1 sightings added." });
    expect(held()).toHaveLength(3);
  });

  it("saves one of three identical batches at the same time, and fails the others, as recorded", async () => {
    const recorded = readRecorded(2).filter(({ trigger }) =>
      trigger.startsWith("three concurrent identical bulk calls"),
    );
    server.fail({ kind: "delay", ms: 500 });
    const items = Array.from({ length: 50 }, (_, number) => item(number));
    const replies = await Promise.all([bulk(items), bulk(items), bulk(items)]);
    const outcome = (exchanges: readonly { readonly status: number; readonly text: string | undefined }[]) =>
      exchanges.map(({ status, text }) => `${status} ${text}`).toSorted();
    expect(outcome(replies)).toEqual(outcome(recorded.map(({ status, body }) => ({ status, text: body }))));
    expect(held()).toHaveLength(50);
    expect((await bulk(items)).json()).toEqual({ saved: false, success: "No sightings added." });
  });

  it("books on the caller's organisation, or with perm_sync on the one that is named", async () => {
    const third = { Organisation: { uuid: "b8d27c15-6e4a-4c38-9f21-7d0a3e5b6c03" } };
    await bulk([item(1, third)], other.key);
    await bulk([item(2, third), item(3, { org_id: "1" }), item(4)], sync.key);
    expect(held().map(([org]) => org)).toEqual([2, 3, 1, 2]);
  });

  it("rolls back what went before a failure, though it was published, and an expiration stays lost", async () => {
    await bulk([item(1, { type: "2", source: "old" })]);
    const reply = await bulk([item(2, { type: "2", source: "new" }), item(3, { source: "🦉" })]);
    expect(reply.status).toBe(500);
    expect(held()).toEqual([]);
    expect(published.map(({ body }) => JSON.parse(body).Sighting.source)).toEqual(["old", "new"]);
    expect((await bulk([item(2), item(3)])).json()).toEqual({ saved: true, success: "2 sightings added." });
  });

  it("fails for a known uuid in the other case", async () => {
    const upper = "ABCDEF00-0000-4000-8000-000000000001";
    await bulk([item(1, { uuid: upper })]);
    expect((await bulk([item(1, { uuid: upper.toLowerCase() })])).status).toBe(500);
    expect(held()).toHaveLength(1);
  });
});

describe("reading and deleting", () => {
  const search = (path: string, body: Json, key?: string) => post(`/sightings/restSearch${path}`, body, key);
  const sources = async (path: string, body: Json, key?: string) =>
    rowsOf((await search(path, body, key)).json()).map(({ Sighting }) => (Sighting as Json)["source"]);

  beforeEach(() => {
    const add = (source: string, attributeId: number, age: number, orgId = 1, type = 0) =>
      model.addSighting({ attributeId, source, date: now - age, orgId, type });
    add("new", 1, 0);
    add("old", 1, 40 * 86_400);
    add("theirs", 1, 0, 2, 1);
    add("second", 2, 0);
  });

  it("finds an attribute's or an event's by uuid or whole-number id, of the last 30 days unless a time is given", async () => {
    expect(await sources("/attribute", { uuid: uuidOf(1) })).toEqual(["new", "theirs"]);
    expect(await sources("/attribute", { id: 1, from: "50d" })).toEqual(["new", "old", "theirs"]);
    expect(await sources("/attribute", { id: 1, from: now - 50 * 86_400, to: now - 86_400 })).toEqual(["old"]);
    expect(await sources("/event", { id: 1 })).toEqual(["new", "theirs", "second"]);
    expect(await sources("", { last: "60d", type: 0 })).toEqual(["new", "old", "second"]);
    expect(await sources("", { source: "second" })).toEqual(["second"]);
    expect(await sources("", { org_id: "0f5e9a44-1d3c-47a6-b0f9-5a8f2d7c4b02" })).toEqual(["theirs"]);
    expect(await sources("/attribute", { uuid: [...model.state.sightings][0]?.uuid })).toEqual([]);
  });

  it("refuses an id that is no JSON integer, and a context without one", async () => {
    expect((await search("/attribute", { id: "1" })).json()["message"]).toBe("Invalid ID `1` provided.");
    expect((await search("/attribute", { last: "1d" })).status).toBe(400);
  });

  it("shows others only their own", async () => {
    expect(await sources("/event", { id: 1 }, other.key)).toEqual(["theirs"]);
    expect((await post("/sightings/listSightings", { id: "1", context: "attribute" }, other.key)).text).toContain(
      "theirs",
    );
    const rows = await post("/attributes/restSearch", { eventid: 1, includeSightings: 1 }, other.key);
    expect(rowsOf(rows.json()).map(({ Sighting }) => (Sighting as Json[]).length)).toEqual([1, 0, 0]);
  });

  it("deletes one's own, or any for a site admin, and says so on the stream", async () => {
    expect((await post("/sightings/delete/1", {}, other.key)).json()["message"]).toBe("Invalid sighting.");
    expect((await post("/sightings/delete/1", {}, readOnly.key)).status).toBe(403);
    expect((await post("/sightings/delete/3", {}, admin.key)).json()).toEqual({
      saved: true,
      success: true,
      name: "Sighting successfully deleted.",
      message: "Sighting successfully deleted.",
      url: "/sightings/delete/3",
      id: "3",
    });
    expect(published.map(({ body }) => JSON.parse(body).action)).toEqual(["delete"]);
    expect((await post("/sightings/delete/3", {}, admin.key)).status).toBe(404);
  });
});
