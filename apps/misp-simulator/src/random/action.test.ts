import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ModelNotification } from "../messages/topics.ts";
import { createMispModel, type MispModel } from "../model.ts";
import { type RandomActionResult, randomAction } from "./action.ts";
import { createCountingUuid, createRandom, createRandomUuid, type Random } from "./source.ts";

function newModel(): { readonly model: MispModel; tick(random: Random): void } {
  let seconds = 1_795_494_000;
  const model = createMispModel({ now: () => seconds, uuid: createCountingUuid() });
  return {
    model,
    tick(random) {
      seconds += random(2);
    },
  };
}

interface Followed {
  readonly eventId: string;
  readonly row: Record<string, unknown>;
  tags: Set<string>;
}

/** Believes every message, in order, and so knows what MISP holds: written from the facts, not from the model. */
function createFollower() {
  const attributes = new Map<string, Followed>();
  const eventTags = new Map<string, Set<string>>();
  const tagNames = new Map<string, string>();
  const infos = new Map<string, string>();

  function learn(tags: readonly { readonly id: string; readonly name: string }[]): Set<string> {
    for (const { id, name } of tags) tagNames.set(id, name);
    return new Set(tags.map(({ id }) => id));
  }

  function follow({ topic, body }: ModelNotification): void {
    const message = JSON.parse(body);
    const { action } = message;
    if (topic === "misp_json_attribute") {
      const { id, event_id: eventId, Tag, ...row } = message.Attribute;
      if (action === "delete") attributes.delete(id);
      else attributes.set(id, { eventId, row, tags: learn(Tag ?? []) });
    } else if (topic === "misp_json_event") {
      const { id, info } = message.Event;
      if (action === "delete") {
        eventTags.delete(id);
        for (const [key, { eventId }] of attributes) if (eventId === id) attributes.delete(key);
        return;
      }
      infos.set(id, info);
      eventTags.set(id, learn(message.EventTag.map(({ Tag }: { Tag: never }) => Tag)));
    } else if (topic === "misp_json_tag") {
      const { id, attribute_id: attributeId, event_id: eventId } = message.Tag;
      learn([message.Tag]);
      const carrier = attributeId === undefined ? eventTags.get(eventId) : attributes.get(attributeId)?.tags;
      if (action.startsWith("attached")) carrier?.add(id);
      if (action.startsWith("detached")) carrier?.delete(id);
    }
  }

  const names = (ids: Iterable<string> = []): unknown[] => [...ids].map((id) => tagNames.get(id)).sort();
  return {
    follow,
    holds: (): unknown[] =>
      [...attributes].flatMap(([id, { eventId, row, tags }]) => {
        if (row["deleted"]) return [];
        const { uuid, type, value, category, comment, to_ids: toIds, timestamp } = row;
        const event = { info: infos.get(eventId), tags: names(eventTags.get(eventId)) };
        return [{ id, uuid, type, value, category, comment, toIds, timestamp, tags: names(tags), event }];
      }),
  };
}

function mispHolds(model: MispModel): unknown[] {
  return model.attributes().map(({ id, uuid, type, value, category, comment, toIds, timestamp, tags, event }) => ({
    ...{ id: String(id), uuid, type, value, category, comment, toIds, timestamp: String(timestamp) },
    tags: tags.map(({ name }) => name).sort(),
    event: { info: event.info, tags: event.tags.map(({ name }) => name).sort() },
  }));
}

const byId = (list: unknown[]): unknown[] =>
  (list as { id: string }[]).sort((left, right) => Number(left.id) - Number(right.id));

describe("a random analyst", () => {
  it("can be followed by whoever believes every message", () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(0xffffffff)), fc.nat(150), (stream, count) => {
        const random: Random = (limit) => stream.next().value % limit;
        const { model, tick } = newModel();
        const follower = createFollower();
        for (let step = 0; step < count; step++) {
          tick(random);
          for (const notification of randomAction(model, random).notifications) follower.follow(notification);
        }
        expect(byId(follower.holds())).toEqual(byId(mispHolds(model)));
      }),
      { numRuns: 150 },
    );
  });

  it("does everything, and keeps about as many attributes as asked", () => {
    const random = createRandom(7);
    const { model, tick } = newModel();
    const done = new Map<string, number>();
    let most = 0;
    for (let step = 0; step < 5000; step++) {
      tick(random);
      const { action } = randomAction(model, random, { attributes: 60, silent: true });
      done.set(action.action, (done.get(action.action) ?? 0) + 1);
      most = Math.max(most, model.state.attributes.size);
    }
    const kinds = Object.keys(model).filter((name) => !["perform", "attributes", "state", "now"].includes(name));
    // Sightings come from consumers, and their removal changes nothing for anybody.
    expect(kinds.filter((kind) => !done.has(kind))).toEqual(["deleteSighting"]);
    expect(Math.min(...done.values())).toBeGreaterThan(10);
    expect(most).toBeGreaterThan(40);
    expect(most).toBeLessThan(200);
  });

  it("lets attributes share values, and values wander", () => {
    const random = createRandom(11);
    const { model } = newModel();
    let shared = 0;
    let swapped = 0;
    const lastValue = new Map<number, string>();
    for (let step = 0; step < 1000; step++) {
      randomAction(model, random);
      const values = new Set<string>();
      for (const { id, type, value } of model.attributes()) {
        if (values.has(`${type} ${value}`)) shared++;
        values.add(`${type} ${value}`);
        if (lastValue.has(id) && lastValue.get(id) !== value) swapped++;
        lastValue.set(id, value);
      }
    }
    expect(shared).toBeGreaterThan(100);
    expect(swapped).toBeGreaterThan(20);
  });

  it("repeats itself from the same seed", () => {
    const play = (): RandomActionResult[] => {
      const random = createRandom(3);
      const { model } = newModel();
      return Array.from({ length: 200 }, () => randomAction(model, random));
    };
    expect(play()).toEqual(play());
  });

  it("copes with a source of chance that always says the same", () => {
    for (const constant of [0, 1, 0xffffffff]) {
      const { model } = newModel();
      for (let step = 0; step < 50; step++) randomAction(model, (limit) => constant % limit);
      expect(model.state.events.size).toBeGreaterThanOrEqual(0);
    }
  });
});

it("makes uuids of version 4", () => {
  const uuid = createRandomUuid(createRandom(1));
  const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const made = Array.from({ length: 1000 }, uuid);
  for (const one of made) expect(one).toMatch(pattern);
  expect(new Set(made).size).toBe(1000);
});
