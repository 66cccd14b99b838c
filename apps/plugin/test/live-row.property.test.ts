import { type Change, decodeRow, type Filter, type StixObject } from "@tb/misp-core";
import { propertyRuns } from "@tb/misp-core/testing";
import {
  type AttributeView,
  createCountingUuid,
  createMispModel,
  createRandom,
  randomAction,
} from "@tb/misp-simulator";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPipelineInMemory, readMessage } from "./pipeline-in-memory.ts";
import { compileItems } from "./world.ts";

/** Each fact is observed after the one before it. */
function createIndex(filter: Filter) {
  const { take } = createPipelineInMemory({ filter, reorders: false });
  let atMs = 1_800_000_000_000;
  return (toChanges: (observedAtMs: number) => readonly Change[]): Promise<readonly StixObject[]> =>
    take(toChanges(++atMs));
}
const live = (body: string) => (observedAtMs: number) => readMessage(body, observedAtMs);
const row = (fields: unknown) => (requestedAtMs: number) => {
  const decoded = decodeRow(fields, { requestedAtMs });
  if (!decoded.ok) throw new Error(decoded.detail);
  return decoded.changes;
};

/** A row as `/attributes/restSearch` gives it (recorded: no row says whether a tag is exportable). */
function toRow(attribute: AttributeView, withContext: boolean) {
  const { event } = attribute;
  const tags = attribute.tags.map(({ id, name, local }) => ({ id: String(id), name, local }));
  const eventTags = event.tags.map(({ id, name, local }) => ({ id: String(id), name, local }));
  const short = {
    id: String(event.id),
    uuid: event.uuid,
    info: event.info,
    orgc_id: String(event.orgc.id),
    distribution: "1",
  };
  return {
    id: String(attribute.id),
    event_id: String(event.id),
    type: attribute.type,
    category: attribute.category,
    to_ids: attribute.toIds,
    uuid: attribute.uuid,
    timestamp: String(attribute.timestamp),
    comment: attribute.comment,
    deleted: false,
    value: attribute.value,
    Event: withContext
      ? {
          ...short,
          timestamp: String(event.timestamp),
          published: event.published,
          Tag: eventTags,
          Orgc: { ...event.orgc, id: String(event.orgc.id) },
        }
      : short,
    Tag: [...tags, ...eventTags.map(({ local: _, ...tag }) => ({ ...tag, inherited: 1 }))],
  };
}

describe("a live message and a row of one unchanged attribute", () => {
  it("reach the same verdict and the same object; live, row, live announces exactly once", async () => {
    const filters = [
      undefined,
      [{ tags: ["tlp:amber", "work:triage"] }],
      [{ orgs: [1, 2], types: ["domain", "ip-dst", "url"] }],
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...filters),
        fc.nat({ max: 0xffff_ffff }),
        fc.integer({ min: 3, max: 25 }),
        fc.boolean(),
        async (items, seed, actions, withContext) => {
          const random = createRandom(seed);
          let seconds = 1_800_000_000;
          const model = createMispModel({ now: () => (seconds += 1), uuid: createCountingUuid() });
          const said: string[] = [];
          for (let i = 0; i < actions; i++)
            said.push(...randomAction(model, random).notifications.map(({ body }) => body));
          const [target] = model.attributes();
          if (target === undefined) return;
          // Its last messages, complete: the tags' own, the event's and the attribute's.
          const tags = said.filter(
            (body) => "Tag" in JSON.parse(body) && ["add", "edit"].includes(JSON.parse(body).action),
          );
          const [event] = model
            .editEvent({ id: target.event.id, info: target.event.info })
            .notifications.map(({ body }) => body);
          const message = model
            .editAttribute({ id: target.id })
            .notifications.map(({ body }) => body)
            .find((body) => "Attribute" in JSON.parse(body));
          const now = model.attributes().find(({ id }) => id === target.id);
          if (now === undefined || event === undefined || message === undefined)
            throw new Error("the model lost its attribute");

          const filter = compileItems(items);
          const byMessage = createIndex(filter);
          const byRow = createIndex(filter);
          for (const body of [...tags, event]) {
            await byMessage(live(body));
            await byRow(live(body));
          }
          const fromMessage = await byMessage(live(message));
          const fromRow = await byRow(row(toRow(now, withContext)));
          expect(fromRow).toEqual(fromMessage);

          expect(await byMessage(row(toRow(now, withContext)))).toEqual([]);
          expect(await byMessage(live(message))).toEqual([]);
          expect(await byRow(live(message))).toEqual([]);

          // The row alone tells of the event, its tags among it: what a message or a shorter row leaves out stays as it was.
          const byRowAlone = createIndex(filter);
          for (const body of tags) await byRowAlone(live(body));
          expect(await byRowAlone(row(toRow(now, true)))).toEqual(fromMessage);
          expect(await byRowAlone(live(message))).toEqual([]);
          expect(await byRowAlone(row(toRow(now, false)))).toEqual([]);
          expect(await byRowAlone(row(toRow(now, true)))).toEqual([]);
        },
      ),
      { numRuns: propertyRuns / 4 },
    );
  }, 600_000);
});
