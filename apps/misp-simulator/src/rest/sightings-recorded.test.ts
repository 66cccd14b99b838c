import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json } from "../messages/json.ts";
import { createRecordedWorld, type RecordedWorld } from "./testing/recorded-world.ts";
import { ask, type RecordedExchange, readRecorded, shapeOf } from "./testing/replay.ts";

/** The sightings' part of the second recording, in its order: what one request did decides what the next one gets. */
const exchanges = readRecorded(2).filter(
  ({ request }) => request.path.startsWith("/sightings/") && !/^\(|\d items/.test(request.body ?? ""),
);

let world: RecordedWorld;
beforeAll(async () => {
  world = await createRecordedWorld();
});
afterAll(() => world.server[Symbol.asyncDispose]());

/** What is the same in both: ids of sightings and uuids that MISP made are not. */
function comparable(body: string): unknown {
  const value = JSON.parse(body) as Json;
  const sighting = value["Sighting"] as Json | undefined;
  if (sighting === undefined) return value;
  const { attribute_id, event_id, source, type } = sighting;
  return { shape: shapeOf(value), attribute_id, event_id, source, type };
}

describe("the second recording's sightings", () => {
  it("are many", () => expect(exchanges.length).toBeGreaterThan(75));

  it.each(exchanges.map((exchange, index) => [index, exchange.trigger, exchange] as const))(
    "%i: %s",
    async (index, _trigger, exchange: RecordedExchange) => {
      const before = world.published.length;
      const { method, path, body, role = "" } = exchange.request;
      const reply = await ask(world.server, { method, path, body, key: world.keys[role] ?? "" });
      expect(reply.status).toBe(exchange.status);
      expect(reply.headers.get("content-type")).toBe(exchange.headers["Content-Type"]);
      if (exchange.body === undefined) return;
      if (Array.isArray(JSON.parse(exchange.body)) || "response" in JSON.parse(exchange.body)) {
        expect(shapeOf(reply.json())).toEqual(shapeOf(JSON.parse(exchange.body)));
      } else if (exchange.body.includes('"Sighting"')) {
        expect(comparable(reply.text)).toEqual(comparable(exchange.body));
      } else {
        expect(reply.text).toBe(exchange.body);
      }
      const said = world.published.slice(before);
      expect(said.every(({ topic }) => topic === "misp_json_sighting")).toBe(true);
      // The first few were recorded while other messages went through, and of parallel requests each counts both.
      if (index >= 9 && !exchange.trigger.startsWith("concurrent"))
        expect(said).toHaveLength(exchange.notifications ?? 0);
    },
  );
});
