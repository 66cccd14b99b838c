import type { WeightedPick } from "./pick.ts";
import { anyOf, once, randomAttribute, randomInfo, randomTags } from "./pools.ts";

/** What a random analyst does to events. */
export const eventPicks: readonly WeightedPick[] = [
  {
    weight: 3,
    adds: true,
    pick: (_model, random) => ({
      action: "addEvent",
      info: randomInfo(random),
      orgcId: 1 + random(3),
      tags: randomTags(random),
    }),
  },
  {
    weight: 3,
    adds: true,
    // As a sync pull brings it: from another organisation, also with attributes that are deleted already.
    pick: (_model, random) => ({
      action: "importEvent",
      info: randomInfo(random),
      orgcId: 1 + random(3),
      published: once(2, random),
      tags: randomTags(random),
      attributes: Array.from({ length: random(5) }, () => ({
        ...randomAttribute(random),
        deleted: once(4, random),
      })),
      objects: once(3, random)
        ? [{ name: "file", attributes: [randomAttribute(random), randomAttribute(random)] }]
        : [],
    }),
  },
  {
    weight: 3,
    adds: true,
    pick(model, random) {
      const { events } = model.state.graveyard;
      const event = events.length === 0 ? undefined : events[random(events.length)];
      // Its attributes may have come back by themselves in the meantime: then MISP would refuse the import.
      if (event === undefined || !isFree(model.state.uuids, event)) return undefined;
      return { action: "importEvent", ...event };
    },
  },
  {
    weight: 3,
    pick(model, random) {
      const event = anyOf(model.state.events, random);
      return event && { action: "editEvent", id: event.id, info: randomInfo(random) };
    },
  },
  {
    weight: 3,
    pick(model, random) {
      const event = anyOf(model.state.events, random);
      return event && { action: "publishEvent", id: event.id, stale: !once(3, random) };
    },
  },
  {
    weight: 3,
    pick(model, random) {
      const event = anyOf(model.state.events, random);
      return event?.published ? { action: "unpublishEvent", id: event.id } : undefined;
    },
  },
  {
    weight: 2,
    pick(model, random) {
      const event = anyOf(model.state.events, random);
      return event && { action: "deleteEvent", id: event.id };
    },
  },
];

type Uuids = { readonly uuid?: string; readonly attributes?: readonly Uuids[]; readonly objects?: readonly Uuids[] };

function isFree(used: ReadonlySet<string>, { uuid, attributes = [], objects = [] }: Uuids): boolean {
  if (uuid !== undefined && used.has(uuid)) return false;
  return [...attributes, ...objects].every((part) => isFree(used, part));
}
