import { afterAll, beforeAll, expect, it } from "vitest";
import type { Json } from "../messages/json.ts";
import { createRecordedWorld, type RecordedWorld, tagAsRecorded } from "./testing/recorded-world.ts";
import { ask, readRecorded, rowsOf, shapeOf } from "./testing/replay.ts";

const index = readRecorded(2).filter(({ request }) => request.path.startsWith("/events/index"));

let world: RecordedWorld;
beforeAll(async () => {
  world = await createRecordedWorld();
  tagAsRecorded(world);
  world.model.addEvent({ info: "without attributes", distribution: 3, timestamp: 1795000001 });
});
afterAll(() => world.server[Symbol.asyncDispose]());

const get = (path: string, body?: unknown, role = "owner") =>
  ask(world.server, { path, body, key: world.keys[role] ?? "" });
const list = async (path: string, body?: unknown, role?: string) =>
  JSON.parse((await get(path, body, role)).text) as Json[];

it.each(index.map((exchange) => [exchange.trigger, exchange] as const))(
  "%s has the recorded status, header and form",
  async (_trigger, { request, status, headers, body }) => {
    const { method, path, role = "" } = request;
    const reply = await ask(world.server, { method, path, body: request.body, key: world.keys[role] ?? "" });
    expect(reply.status).toBe(status);
    expect(reply.headers.get("Content-Type")).toBe(headers["Content-Type"]);
    expect(reply.headers.get("X-Result-Count")).toMatch(/^\d+$/);
    if (body !== undefined && body !== "[]") {
      const [here] = JSON.parse(reply.text) as Json[];
      if (here !== undefined) expect(shapeOf(here)).toEqual(shapeOf((JSON.parse(body) as Json[])[0]));
    }
  },
);

it("lists every event with its version, the way it was recorded", async () => {
  const reply = await get("/events/index/minimal:1");
  expect(reply.headers.get("X-Result-Count")).toBe("3");
  expect(reply.text).toContain(
    [
      "[",
      "    {",
      '        "id": "1",',
      '        "timestamp": "1795506480",',
      '        "sighting_timestamp": "0",',
      '        "published": false,',
      '        "uuid": "86ab52bb-264e-41a5-af3d-8afa003e7d30",',
      '        "orgc_uuid": "af947d5a-666f-4320-bf0e-2e1057a7663a"',
      "    },",
    ].join("\n"),
  );
});

it("leaves events without attributes out of a POSTed minimal list only", async () => {
  expect((await list("/events/index/minimal:1")).map(({ id }) => id)).toEqual(["1", "2", "3"]);
  expect((await list("/events/index", { minimal: 1 })).map(({ id }) => id)).toEqual(["1", "2"]);
  expect((await list("/events/index", {})).map(({ id }) => id)).toEqual(["1", "2", "3"]);
});

it("pages, sorts and filters, and counts all that was found", async () => {
  const reply = await get("/events/index/minimal:1/limit:1/page:2/sort:timestamp/direction:desc");
  expect(reply.headers.get("X-Result-Count")).toBe("3");
  expect(JSON.parse(reply.text)).toMatchObject([{ id: "2" }]);
  expect(await list("/events/index", { minimal: 1, timestamp: "1795506480" })).toMatchObject([{ id: "1" }]);
  expect(await list("/events/index", { minimal: 1, limit: 1000, page: 2 })).toEqual([]);
});

it("shows each key only the events that it sees", async () => {
  expect(await list("/events/index/minimal:1", undefined, "b_ro")).toHaveLength(3);
  expect((await list("/events/index/minimal:1", undefined, "c_sight")).map(({ id }) => id)).toEqual(["3"]);
});

it("searches events, whole or without their contents, and counts all that was found", async () => {
  const whole = await get("/events/restSearch", { eventid: "1" });
  expect(whole.headers.get("X-Result-Count")).toBe("1");
  const [{ Event: event }] = rowsOf(whole.json()) as [{ Event: Json }];
  expect(event).toMatchObject({
    id: "1",
    info: "Q1 event",
    Orgc: { name: "Owner CERT" },
    Tag: [{ id: "2" }, { id: "4" }],
  });
  expect((event["Attribute"] as Json[]).map(({ id }) => id)).toEqual(["1", "2", "3", "4", "5", "6", "7", "10"]);

  const both = rowsOf((await get("/events/restSearch", { eventid: ["1"], deleted: [0, 1] })).json()) as {
    Event: Json;
  }[];
  expect(both[0]?.Event["Attribute"]).toHaveLength(9);

  const recorded = readRecorded(1).find(({ trigger }) => trigger === "restSearch events metadata limit 2");
  const bare = await get("/events/restSearch", { metadata: 1, limit: 2 });
  expect(bare.headers.get("X-Result-Count")).toBe("3");
  const rows = rowsOf(bare.json());
  expect(rows).toHaveLength(2);
  expect(shapeOf(rows[0])).toEqual(shapeOf(rowsOf(JSON.parse(recorded?.body ?? ""))[0]));
});

it("shows an event by id or uuid, without what the key may not see, and no other", async () => {
  const own = (await get("/events/view/86ab52bb-264e-41a5-af3d-8afa003e7d30")).json()["Event"] as Json;
  expect(own["Attribute"]).toHaveLength(8);
  const theirs = (await get("/events/view/1", undefined, "b_ro")).json()["Event"] as Json;
  expect(theirs["Attribute"]).toHaveLength(7);
  for (const [path, role] of [
    ["/events/view/1", "c_sight"],
    ["/events/view/99", "owner"],
  ] as const) {
    const reply = await get(path, undefined, role);
    expect(reply.status).toBe(404);
    expect(reply.json()).toEqual({ name: "Invalid event", message: "Invalid event", url: path });
  }
});
