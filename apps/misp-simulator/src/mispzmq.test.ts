import { expect, it } from "vitest";
import { createMispzmq } from "./mispzmq.ts";

interface Message {
  readonly topic: string;
  readonly number: number;
}

function setUp() {
  const delivered: string[] = [];
  const queue = createMispzmq<Message>(({ topic, number }) =>
    delivered.push(`${topic.replace("misp_json", "")}${number}`),
  );
  const push = (...topics: string[]): void => {
    queue.push(topics.map((topic, number) => ({ topic: `misp_json${topic}`, number })));
  };
  return { queue, push, delivered };
}

it("keeps the order of the actions while it keeps up", () => {
  const { push, delivered } = setUp();
  push("_tag", "_attribute", "", "_event", "_attribute");
  expect(delivered).toEqual(["_tag0", "_attribute1", "2", "_event3", "_attribute4"]);
});

it("lets whole topics overtake each other behind a backlog: publish, event, attribute, sighting, object, tag, the rest", () => {
  const { queue, push, delivered } = setUp();
  queue.pause();
  push("_galaxy", "_tag", "_object", "_attribute", "_sighting", "_event", "_attribute", "");
  expect(delivered).toEqual([]);
  expect(queue.size).toBe(8);
  queue.resume();
  expect(delivered).toEqual([
    "7",
    "_event5",
    "_attribute3",
    "_attribute6",
    "_sighting4",
    "_object2",
    "_tag1",
    "_galaxy0",
  ]);
  expect(queue.size).toBe(0);
});

it("delivers a part of the backlog while more comes in", () => {
  const { queue, push, delivered } = setUp();
  queue.pause();
  push("_tag", "_attribute", "_attribute");
  queue.drain(2);
  push("_event");
  queue.drain(1);
  expect(delivered).toEqual(["_attribute1", "_attribute2", "_event0"]);
  expect(queue.size).toBe(1);
  queue.resume();
  push("_event");
  expect(delivered).toEqual(["_attribute1", "_attribute2", "_event0", "_tag0", "_event0"]);
});
