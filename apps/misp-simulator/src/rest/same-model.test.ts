import { expect, it } from "vitest";
import type { Json } from "../messages/json.ts";
import { createMispModel } from "../model.ts";
import { randomAction } from "../random/action.ts";
import { createRandom, createRandomUuid } from "../random/source.ts";
import { exampleKeys } from "./key.ts";
import { createRestServer } from "./rest-server.ts";
import { ask, rowsOf } from "./testing/replay.ts";

const byId = <Row extends { readonly id: number }>(rows: readonly Row[]) =>
  rows.toSorted((left, right) => left.id - right.id);
const names = (tags: unknown, inherited: boolean) =>
  ((tags ?? []) as Json[]).filter((tag) => "inherited" in tag === inherited).map(({ name }) => name);

it.each([1, 2, 3, 4, 5])("answers what the model holds, whatever the analyst did (seed %i)", async (seed) => {
  const random = createRandom(seed);
  const clock = { now: 1_800_000_000 };
  const model = createMispModel({ now: () => clock.now, uuid: createRandomUuid(createRandom(seed)) });
  await using server = await createRestServer(model, { now: () => clock.now });
  const key = exampleKeys.admin.key;
  for (let round = 0; round < 5; round++) {
    for (let step = 0; step < 100; step++) {
      clock.now += step % 3;
      randomAction(model, random);
    }
    const held = byId(model.attributes());
    const filters = { includeContext: 1, includeAllTags: 1, includeEventTags: 1, limit: -1 };
    const search = await ask(server, { path: "/attributes/restSearch", body: filters, key });
    const rows = rowsOf(search.json());
    expect(rows.length).toBeGreaterThan(10);
    expect(
      rows.map((row) => {
        const event = row["Event"] as Json;
        return [
          ...[row["id"], row["uuid"], row["type"], row["value"], row["to_ids"], row["timestamp"], row["comment"]],
          ...[event["id"], event["info"], event["published"], event["timestamp"], (event["Orgc"] as Json)["name"]],
          ...[names(row["Tag"], false), names(row["Tag"], true)],
        ];
      }),
    ).toEqual(
      held.map((row) => [
        ...[String(row.id), row.uuid, row.type, row.value, row.toIds, String(row.timestamp), row.comment],
        ...[
          String(row.event.id),
          row.event.info,
          row.event.published,
          String(row.event.timestamp),
          row.event.orgc.name,
        ],
        ...[row.tags.map(({ name }) => name), row.event.tags.map(({ name }) => name)],
      ]),
    );

    const index = await ask(server, { path: "/events/index/minimal:1", key });
    expect(JSON.parse(index.text)).toEqual(
      byId([...model.state.events]).map((event) => ({
        id: String(event.id),
        timestamp: String(event.timestamp),
        sighting_timestamp: String(event.sightingTimestamp),
        published: event.published,
        uuid: event.uuid,
        orgc_uuid: event.orgc.uuid,
      })),
    );

    // Read event by event with the deleted ones, as a reconcile does: nothing is missing, nothing comes twice.
    const ids: unknown[] = [];
    for (const event of model.state.events) {
      const body = { eventid: [event.id], deleted: [0, 1] };
      ids.push(
        ...rowsOf((await ask(server, { path: "/attributes/restSearch", body, key })).json()).map(({ id }) => id),
      );
    }
    expect(ids.toSorted()).toEqual([...model.state.attributes].map(({ id }) => String(id)).toSorted());
  }
});
