import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json } from "../messages/json.ts";
import { createRecordedWorld, type RecordedWorld, tagAsRecorded } from "./testing/recorded-world.ts";
import { ask, fill, type RecordedExchange, type Reply, readRecorded, rowsOf, shapeOf } from "./testing/replay.ts";

const recorded = readRecorded(2);
const from = (trigger: string) => recorded.findIndex((exchange) => exchange.trigger === trigger);
const objects = from("add object");
const searches = recorded.filter(
  ({ request }, index) => index < objects && request.path === "/attributes/restSearch" && request.method === "POST",
);

let world: RecordedWorld;
beforeAll(async () => {
  world = await createRecordedWorld();
  const { model, clock } = world;
  tagAsRecorded(world);
  // Events 4 to 6 of the recording, 100 attributes each; event 3 is there for what is found without asking for an event.
  for (const [index, count] of [20, 100, 100, 100].entries()) {
    model.addEvent({ info: `event ${index}`, distribution: 3 });
    fill(model, index + 3, count);
  }
  // The recording's clock was at the tags when it was asked about them.
  clock.now = 1795506500;
});
afterAll(() => world.server[Symbol.asyncDispose]());

async function repeat({ request }: RecordedExchange): Promise<Reply> {
  const { method, path, body, role = "" } = request;
  return ask(world.server, { method, path, body, key: world.keys[role] ?? "" });
}

/** The owner is organisation 2 there and 1 here, and there the events are shared with a group. */
function translated(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value)
      .replace(/"(orgc?_id)":"2"/g, '"$1":"1"')
      .replace(/("Orgc":\{"id":)"2"/g, '$1"1"')
      .replace(/"sharing_group_id":"1"/g, '"sharing_group_id":"0"'),
  );
}

describe("what the second recording says about tags and events of rows", () => {
  const first = from("{}");
  const last = from("includeEventUuid");

  it.each(
    recorded.slice(first, last + 1).map((exchange) => [exchange.trigger, exchange.request.role, exchange] as const),
  )("%s as %s", async (_trigger, _role, exchange) => {
    const reply = await repeat(exchange);
    const there = translated(exchange.value ?? JSON.parse(exchange.body ?? ""));
    // The timestamp of attribute 1 is that of its last tag; the keys' order is MISP's too.
    expect(JSON.stringify(reply.json())).toBe(JSON.stringify(there));
  });
});

describe("the second recording's searches", () => {
  it("are many", () => expect(searches.length).toBeGreaterThan(45));

  it.each(searches.map((exchange, index) => [index, exchange.trigger, exchange] as const))(
    "%i: %s",
    async (_index, _trigger, exchange: RecordedExchange) => {
      const reply = await repeat(exchange);
      expect(reply.status).toBe(exchange.status);
      for (const name of ["Content-Type", "X-Skipped-Elements-Count"]) {
        expect(reply.headers.get(name)).toBe(exchange.headers[name]);
      }
      const there = exchange.value ?? (exchange.body && JSON.parse(exchange.body));
      const [row] = rowsOf(there ?? { response: [] });
      const [here] = rowsOf(reply.json());
      if (row && here) {
        const withoutOptional = ({ Tag, Object: object, ...rest }: Json) => shapeOf(rest);
        expect(withoutOptional(here)).toEqual(withoutOptional(row));
      }
    },
  );

  /** Where the recording's answer does not depend on what else that MISP held. */
  it.each([
    ...[
      "uuid list: only unknown",
      "uuid list empty []",
      "eventid list",
      "eventid list incl. uuid",
      'eventid negated ["!1"]',
    ],
    ...["publish_timestamp 1h (none)", "id filter", "attribute_id filter", "attributeid filter", "Attribute.id filter"],
    ...["ids filter", "page beyond the end", "last full page", "page 3 of 2", "limit 0", "no limit"],
    ...["org-only attribute asked by B", "event not visible asked by C", "uuid not visible asked by C", "mix"],
  ])("%s: X-Result-Count and the number of rows are the recorded ones", async (trigger) => {
    const exchange = recorded[from(trigger)];
    if (exchange === undefined) throw new Error(`nothing recorded for ${trigger}`);
    const reply = await repeat(exchange);
    expect(reply.headers.get("X-Result-Count")).toBe(exchange.headers["X-Result-Count"]);
    const rows = exchange.rows ?? (exchange.body && rowsOf(JSON.parse(exchange.body)).length);
    if (rows !== undefined && rows !== "") expect(rowsOf(reply.json())).toHaveLength(rows);
  });

  it.each([
    ["order Attribute.id desc", (rows: Json[]) => rows.map(({ id }) => -Number(id))],
    ["order id desc", (rows: Json[]) => rows.map(({ id }) => -Number(id))],
    ["order Attribute.timestamp asc", (rows: Json[]) => rows.map(({ timestamp }) => Number(timestamp))],
    ["order Attribute.timestamp desc", (rows: Json[]) => rows.map(({ timestamp }) => -Number(timestamp))],
    ["order Event.timestamp desc", (rows: Json[]) => rows.map(({ id }) => Number(id))],
    ["order Nonsense.x desc", (rows: Json[]) => rows.map(({ id }) => Number(id))],
  ])("%s sorts, or is ignored, as recorded", async (trigger, keys) => {
    const exchange = recorded[from(trigger)];
    if (exchange === undefined) throw new Error(`nothing recorded for ${trigger}`);
    for (const rows of [rowsOf((await repeat(exchange)).json()), rowsOf(exchange.value)]) {
      expect(rows.length).toBeGreaterThan(1);
      expect(keys(rows)).toEqual(keys(rows).toSorted((left, right) => left - right));
    }
  });
});

describe("the second recording's object", () => {
  it("is found by those who see it, before and after its soft delete, as recorded", async () => {
    const { model, server, keys } = world;
    for (const exchange of recorded.slice(objects)) {
      if (exchange.request.path === "/objects/add/1") {
        // The route's default is the own organisation only: that is why others never see it.
        model.addObject({
          ...{ eventId: 1, name: "domain-ip", distribution: 0 },
          attributes: [
            { type: "domain", value: "obj.example" },
            { type: "ip-dst", value: "203.0.113.50" },
          ],
        });
      } else if (exchange.request.path === "/objects/delete/1") {
        model.softDeleteObject({ id: 1 });
      } else {
        const { body, role = "" } = exchange.request;
        const reply = await ask(server, { path: exchange.request.path, body, key: keys[role] ?? "" });
        const what = `${exchange.trigger} as ${role}`;
        expect(reply.headers.get("X-Result-Count"), what).toBe(exchange.headers["X-Result-Count"]);
        const recordedRows = exchange.value ?? JSON.parse(exchange.body ?? "");
        const ids = (rows: Json[]) => rows.map(({ id }) => Number(id)).filter((id) => id < 11);
        expect(ids(rowsOf(reply.json())), what).toEqual(expect.arrayContaining(ids(rowsOf(recordedRows))));
      }
    }
  });
});
