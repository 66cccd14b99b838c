import type { AttributeEdit } from "../actions/attributes.ts";
import type { AttributeRow } from "../rows.ts";
import type { Pick, WeightedPick } from "./pick.ts";
import { anyOf, once, randomAttribute, randomComment, randomType, randomValue } from "./pools.ts";
import type { Random } from "./source.ts";

function edit(change: (row: AttributeRow, random: Random) => AttributeEdit): Pick {
  return (model, random) => {
    const row = anyOf(model.state.attributes, random);
    return row && { action: "editAttribute", id: row.id, ...change(row, random) };
  };
}

/** What a random analyst does to attributes, objects and sightings. */
export const attributePicks: readonly WeightedPick[] = [
  {
    weight: 14,
    adds: true,
    pick(model, random) {
      const event = anyOf(model.state.events, random);
      return event && { action: "addAttribute", eventId: event.id, ...randomAttribute(random) };
    },
  },
  {
    weight: 3,
    adds: true,
    pick(model, random) {
      const event = anyOf(model.state.events, random);
      const attributes = Array.from({ length: 1 + random(4) }, () => randomAttribute(random));
      return event && { action: "addAttributes", eventId: event.id, attributes };
    },
  },
  {
    weight: 4,
    adds: true,
    // The same uuid comes back under a new id, perhaps in another event.
    pick(model, random) {
      const { attributes } = model.state.graveyard;
      const buried = attributes.length === 0 ? undefined : attributes[random(attributes.length)];
      const event = anyOf(model.state.events, random);
      if (buried === undefined || event === undefined || model.state.uuids.has(buried.uuid ?? "")) return undefined;
      return { action: "addAttribute", eventId: event.id, ...buried };
    },
  },
  { weight: 8, pick: edit(({ type }, random) => ({ value: randomValue(type, random) })) },
  { weight: 4, pick: edit((_row, random) => ({ comment: randomComment(random) })) },
  { weight: 5, pick: edit(({ toIds }) => ({ toIds: !toIds })) },
  {
    weight: 2,
    pick: edit((_row, random) => {
      const type = randomType(random);
      return { type, value: randomValue(type, random) };
    }),
  },
  { weight: 3, pick: edit(() => ({})) },
  { weight: 1, pick: edit(() => ({ deleted: true })) },
  {
    weight: 7,
    pick(model, random) {
      const row = anyOf(model.state.attributes, random);
      return row && { action: "softDelete", id: row.id, sanitise: once(4, random) };
    },
  },
  {
    weight: 6,
    pick(model, random) {
      const row = anyOf(model.state.attributes, random);
      // Rather a deleted one, but a live one can be restored too (recorded).
      if (row === undefined || row.object?.deleted || (!row.deleted && !once(4, random))) return undefined;
      return { action: "restore", id: row.id };
    },
  },
  {
    weight: 4,
    pick(model, random) {
      const row = anyOf(model.state.attributes, random);
      return row && { action: "hardDelete", id: row.id, withTagMessages: once(2, random) };
    },
  },
  {
    weight: 3,
    silent: true,
    pick(model, random) {
      const row = anyOf(model.state.attributes, random);
      if (row === undefined) return undefined;
      const change = { id: row.id, value: randomValue(row.type, random), toIds: !once(3, random) };
      return { action: "fastUpdate", eventId: row.event.id, attributes: [change] };
    },
  },
  {
    weight: 3,
    adds: true,
    pick(model, random) {
      const event = anyOf(model.state.events, random);
      const attributes = Array.from({ length: 1 + random(3) }, () => randomAttribute(random));
      return event && { action: "addObject", eventId: event.id, name: "file", attributes };
    },
  },
  {
    weight: 2,
    pick(model, random) {
      const object = anyOf(model.state.objects, random);
      if (object === undefined) return undefined;
      return once(2, random)
        ? { action: "hardDeleteObject", id: object.id }
        : { action: "softDeleteObject", id: object.id, sanitise: once(4, random) };
    },
  },
  {
    weight: 2,
    pick(model, random) {
      const row = anyOf(model.state.attributes, random);
      return row && { action: "addSighting", attributeId: row.id, type: random(3), source: "sensor" };
    },
  },
];
