import { expect, it } from "vitest";
import { createMispModel } from "../model.ts";
import { createCountingUuid } from "../random/source.ts";
import { type BusObject, createValueConsumer } from "./bus-object.ts";
import { type Expected, filter, story, storyEndsWith } from "./story.ts";

function toObject(expected: Expected): BusObject {
  const name = expected.slice(2);
  return { name, pattern: name, update: expected.startsWith("-") ? "remove" : "announce" };
}

it("leaves a consumer after each scene with what MISP holds and the filter lets through", () => {
  const wanted = new Set(filter.flatMap(({ tags }) => tags));
  const model = createMispModel({ now: () => 1_795_494_000, uuid: createCountingUuid() });
  const consumer = createValueConsumer();
  for (const { says, does, expects } of story) {
    for (const action of does) model.perform(action);
    // A removal and its survivor come in this order; the story lists them so.
    for (const expected of expects) consumer.take(toObject(expected));
    const passes = model
      .attributes()
      .filter(({ type, toIds, tags, event }) => {
        return type !== "comment" && toIds && [...tags, ...event.tags].some(({ name }) => wanted.has(name));
      })
      .map(({ value }) => value);
    expect(consumer.holds(), says).toEqual([...new Set(passes)].sort());
  }
  expect(consumer.holds()).toEqual(storyEndsWith);
});

it("fits the columns, and shows every kind of object", () => {
  expect(story.filter(({ says }) => says.length > 45).map(({ says }) => says)).toEqual([]);
  expect(new Set(story.flatMap(({ expects }) => expects.map((expected) => expected[0])))).toEqual(new Set("+~-"));
});
