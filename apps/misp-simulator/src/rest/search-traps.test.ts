import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json } from "../messages/json.ts";
import { createMispModel } from "../model.ts";
import { createCountingUuid } from "../random/source.ts";
import { exampleKeys } from "./key.ts";
import { createRestServer, type RestServer } from "./rest-server.ts";
import { ask, type Question, rowsOf } from "./testing/replay.ts";

const now = 1_800_000_000;
const day = 86_400;
const own = "6c1f3b0e-9d52-4f0e-8a53-0b6d1f6f3a01";

let server: RestServer;
beforeAll(async () => {
  let clock = now - 30 * day;
  const model = createMispModel({ now: () => clock, uuid: createCountingUuid() });
  model.importEvent({
    info: "old",
    date: "2026-12-01",
    published: true,
    tags: [{ name: "tlp:amber" }],
    timestamp: clock,
  });
  const [ip, composite] = [
    { type: "ip-src", value: "198.51.100.7" },
    { type: "ip-dst|port", value: "203.0.113.9|8443" },
  ];
  model.addAttributes({ eventId: 1, attributes: [ip, composite] });
  model.publishEvent({ id: 1 });
  clock = now;
  model.addEvent({ info: "new", orgcId: 2, date: "2027-01-15" });
  const tags = [{ name: "tlp:red" }];
  model.addAttributes({
    eventId: 2,
    attributes: [
      { type: "email-src", value: "A@evil.example", tags, toIds: false },
      { type: "email", value: "b@evil.example", deleted: true },
      { type: "md5", value: "0".repeat(32), timestamp: now - 3600 },
    ],
  });
  const inner = (value: string) => ({ type: "domain", value });
  model.addObject({ eventId: 2, name: "kept", attributes: [inner("live.example"), inner("dead.example")] });
  model.addObject({ eventId: 2, name: "gone", attributes: [inner("gone.example")] });
  model.softDelete({ id: 7 });
  model.softDeleteObject({ id: 2 });
  server = await createRestServer(model, { now: () => now });
});
afterAll(() => server[Symbol.asyncDispose]());

const search = (body: unknown, more: Partial<Question> = {}) =>
  ask(server, { path: "/attributes/restSearch", body, key: exampleKeys.own.key, ...more });
const ids = async (filters: Json) =>
  rowsOf((await search({ limit: 100, ...filters })).json()).map(({ id }) => Number(id));

/** Live: 1 ip-src and 2 ip-dst|port in event 1, 3 email-src, 5 md5, 6 in an object in event 2. Deleted: 4, 7, 8 (with its object). */
const live = [1, 2, 3, 5, 6];

describe("what is no filter", () => {
  it.each([
    [{}],
    [{ uuid: [] }],
    [{ eventid: [] }],
    [{ eventid: "" }],
    [{ eventid: null }],
    [{ eventid: false }],
    [{ type: {} }],
    [{ id: 1 }],
    [{ ids: [1] }],
    [{ attribute_id: [1] }],
    [{ evntid: 1 }],
    [{ to_ids: false }],
    [{ to_ids: [0, 1] }],
    [{ published: false }],
    [{ published: [true, false] }],
    [{ timestamp: 0 }],
    [{ deleted: 0 }],
    [{ deleted: false }],
  ])("%j finds everything", async (filters) => expect(await ids(filters)).toEqual(live));
});

describe("filters", () => {
  it.each<[Json, number[]]>([
    [{ eventid: 1 }, [1, 2]],
    [{ eventid: ["1", "99"] }, [1, 2]],
    [{ eventid: ["!1"] }, [3, 5, 6]],
    [{ eventid: "99" }, []],
    [{ type: "md5" }, [5]],
    [{ type: ["md5", "ip-src"] }, [1, 5]],
    [{ type: { NOT: ["md5"] } }, [1, 2, 3, 6]],
    [{ type: "ip-%" }, [1, 2]],
    [{ type: "email-dst", deleted: [0, 1] }, [4]],
    [{ type: "email-src", deleted: [0, 1] }, [3, 4]],
    [{ category: "Network activity" }, [1, 2, 6]],
    [{ value: "198.51.100.7" }, [1]],
    [{ value: "a@EVIL.example" }, [3]],
    [{ value: "%.example" }, [3, 6]],
    [{ value: "203.0.113.9|8443" }, []],
    [{ value: ["203.0.113.9"] }, [2]],
    [{ value: "8443" }, [2]],
    [{ object_relation: "domain" }, [6]],
    [{ to_ids: 0 }, [3]],
    [{ to_ids: "1" }, [1, 2, 5, 6]],
    [{ published: 1 }, [1, 2]],
    [{ published: 0 }, [3, 5, 6]],
    [{ org: "2" }, [3, 5, 6]],
    [{ org: own }, [1, 2]],
    [{ org: ["Own CERT", 2] }, live],
    [{ org: "!Own CERT" }, [3, 5, 6]],
    [{ org: "Nobody" }, []],
    [{ tags: ["tlp:amber"] }, [1, 2]],
    [{ tags: ["tlp:red", "tlp:amber"] }, [1, 2, 3]],
    [{ tags: { OR: ["tlp:%"], NOT: ["tlp:amber"] } }, [3]],
    [{ tags: { AND: ["tlp:red"] } }, [3]],
    [{ tags: ["!tlp:red"] }, [1, 2, 5, 6]],
    [{ tags: ["unknown"] }, []],
    [{ tags: "1" }, [1, 2]],
    [{ timestamp: now - 60 }, [3, 6]],
    [{ timestamp: "2h" }, [3, 5, 6]],
    [{ attribute_timestamp: "30m" }, [3, 6]],
    [{ timestamp: [now - 60, now - 2 * day] }, [5]],
    [{ timestamp: new Date((now - 60) * 1000).toISOString() }, [3, 6]],
    [{ timestamp: "rubbish" }, []],
    [{ event_timestamp: "1d" }, [3, 5, 6]],
    [{ publish_timestamp: "31d" }, [1, 2]],
    [{ last: "1d" }, []],
    [{ from: "2027-01-01" }, [3, 5, 6]],
    [{ to: "2027-01-01" }, [1, 2]],
    [{ threat_level_id: [2, 3] }, live],
    [{ threat_level_id: 4 }, []],
    [{ uuid: "00000000-0000-4000-8000-0000000000ff" }, []],
  ])("%j finds %j", async (filters, found) => expect(await ids(filters)).toEqual(found));

  it.each<[unknown, number[]]>([
    [1, [4, 8]],
    ["1", [4, 8]],
    [true, [4, 8]],
    [
      [0, 1],
      [1, 2, 3, 4, 5, 6, 7, 8],
    ],
    ["only", []],
  ])("deleted %j finds %j: of a live object's deleted attributes only both together know", async (deleted, found) => {
    expect(await ids({ deleted })).toEqual(found);
  });
});

describe("pages", () => {
  it.each([
    [{ limit: 2 }, "3", 2],
    [{ limit: 2, page: 3 }, "1", 1],
    [{ limit: 2, page: 4 }, "1", 0],
    [{ limit: "5" }, "6", 5],
    [{ limit: 6 }, "5", 5],
    [{ page: 2, returnFormat: "json" }, "5", 5],
    [{ limit: 0, eventid: 1 }, "2", 2],
    [{ limit: -1 }, "6", 5],
    [{ eventid: 99 }, "0", 0],
    [{ eventid: 99, limit: 5 }, "1", 0],
  ])("%j: X-Result-Count %s, %i rows", async (filters, count, rows) => {
    const reply = await search(filters);
    expect([reply.headers.get("X-Result-Count"), rowsOf(reply.json()).length]).toEqual([count, rows]);
  });
});

describe("a body that MISP does not read", () => {
  const nothing = "Either specify the search terms in the url, or POST a json with the filter parameters.";

  it.each([
    ["without a Content-Type for JSON", { headers: { "content-type": "text/plain" }, body: { eventid: 1 } }],
    ["that is an empty object", { body: {} }],
    ["that is missing", { method: "POST", body: null }],
    ["that is missing in a GET without a filter in its path", { method: "GET" }],
  ])("%s is 400", async (_what, more) => {
    const reply = await ask(server, { path: "/attributes/restSearch", key: exampleKeys.own.key, ...more });
    expect([reply.status, reply.json()["message"]]).toEqual([400, nothing]);
  });

  it("sent as a form is an unknown filter, so that everything comes back", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect(rowsOf((await search({ eventid: 1 }, { headers })).json())).toHaveLength(5);
  });

  it("is read when it is packed, or wrapped in a request", async () => {
    expect(await ids({ request: { eventid: 1 } })).toEqual([1, 2]);
    const { gzipSync } = await import("node:zlib");
    const packed = await fetch(`${server.url}/attributes/restSearch`, {
      method: "POST",
      headers: {
        accept: "application/json",
        "content-type": "application/json",
        "content-encoding": "gzip",
        authorization: exampleKeys.own.key,
      },
      body: gzipSync('{"eventid":1}'),
    });
    expect(rowsOf(await packed.json())).toHaveLength(2);
    expect(server.requests.at(-1)?.body).toBe('{"eventid":1}');
  });
});

it("finds events by what is in them, too", async () => {
  const found = async (body: Json) => {
    const reply = await ask(server, { path: "/events/restSearch", body, key: exampleKeys.own.key });
    return rowsOf(reply.json()).map(({ Event }) => (Event as Json)["id"]);
  };
  expect(await found({ type: "md5" })).toEqual(["2"]);
  expect(await found({ tags: "tlp:red" })).toEqual(["2"]);
  expect(await found({ timestamp: "1d" })).toEqual(["2"]);
  expect(await found({ org: "1", limit: 1 })).toEqual(["1"]);
  expect(await found({ value: "198.51.100.7", limit: 5, page: 2 })).toEqual([]);
});
