import { propertyRuns } from "@tb/misp-core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { announce as announcement, consume, createValueModel, toPattern, withdraw } from "../test/value-model.ts";
import { createBacklog } from "./backlog.ts";
import { type OutgoingMessage, toMessage } from "./outgoing-message.ts";

const announce = (id: number, value: string) => message(announcement(id, value));
const remove = (id: number, value: string) => message(withdraw(id, value));

function message(object: Parameters<typeof toMessage>[0]): OutgoingMessage {
  const made = toMessage(object, false);
  if (made === undefined) throw new Error("not a message");
  return made;
}

const texts = (backlog: { all(): Iterable<OutgoingMessage> }) => [...backlog.all()].map(({ text }) => text);

describe("a backlog", () => {
  it("keeps of several messages about one indicator the last, at its place", () => {
    const backlog = createBacklog();
    const [first, other, last] = [announce(1, "a"), announce(2, "b"), announce(1, "a")];
    for (const one of [first, other, last]) backlog.add(one);
    expect([...backlog.all()]).toEqual([other, last]);
    expect(backlog.first()).toBe(other);
    expect(backlog.size).toBe(2);
  });

  it("drops an announcement when its indicator is removed, and keeps the removal before a new announcement", () => {
    const backlog = createBacklog();
    for (const one of [announce(1, "a"), remove(1, "a"), announce(2, "a")]) backlog.add(one);
    expect(texts(backlog)).toEqual([remove(1, "a").text, announce(2, "a").text]);
  });

  it("keeps what took the place of a message while that was sent", () => {
    const backlog = createBacklog();
    const sent = announce(1, "a");
    backlog.add(sent);
    const next = announce(1, "b");
    backlog.add(next);
    backlog.done(sent);
    expect(backlog.first()).toBe(next);
  });

  it("of a snapshot does not send an older state of what went round it", () => {
    const snapshot = createBacklog();
    for (const one of [announce(1, "a"), announce(2, "b")]) snapshot.add(one);
    snapshot.overtakenBy(announce(1, "a"));
    expect(texts(snapshot)).toEqual([announce(2, "b").text]);
  });

  it("counts the characters that it holds", () => {
    const backlog = createBacklog();
    for (const one of [announce(1, "a"), announce(1, "a"), announce(2, "b")]) backlog.add(one);
    expect(backlog.characters).toBe(texts(backlog).join("").length);
    backlog.overtakenBy(remove(1, "a"));
    expect(backlog.characters).toBe(texts(backlog).join("").length);
    backlog.clear();
    expect([backlog.characters, backlog.size]).toEqual([0, 0]);
  });
});

const step = fc.record({
  id: fc.integer({ min: 1, max: 4 }),
  value: fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined }),
  /** Messages that the consumer takes afterwards. */
  takes: fc.integer({ min: 0, max: 3 }),
});

describe("a slow consumer", () => {
  it("property: ends with what is live, however little it took in between", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const backlog = createBacklog();
        const model = createValueModel();
        const consumer = new Set<unknown>();
        const take = () => {
          const first = backlog.first();
          if (first === undefined) return;
          consume(consumer, first.text ?? "");
          backlog.done(first);
        };
        for (const { id, value, takes } of steps) {
          for (const object of model.set(id, value)) backlog.add(message(object));
          for (let n = 0; n < takes; n += 1) take();
        }
        while (backlog.size > 0) take();
        expect(consumer).toEqual(model.patterns());
      }),
      { numRuns: propertyRuns },
    );
  });

  it("property: ends with what is live when a snapshot waits in the middle of a chunk while live messages overtake it", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.array(step, { maxLength: 12 }), (before, during) => {
        const model = createValueModel();
        // The app was away during these, and so may hold any of those values.
        const removed = new Map<string, number>();
        const consumer = new Set<unknown>();
        for (const { id, value } of before) {
          const old = model.live().get(id);
          if (old !== undefined) {
            consumer.add(toPattern(old));
            removed.set(old, id);
          }
          model.set(id, value);
        }
        const snapshot = createBacklog();
        const values = new Set(model.live().values());
        for (const [value, id] of removed) if (!values.has(value)) snapshot.add(remove(id, value));
        for (const [id, value] of model.live()) snapshot.add(announce(id, value));
        const backlog = createBacklog();
        const take = () => {
          const queue = backlog.size > 0 ? backlog : snapshot;
          const first = queue.first();
          if (first === undefined) return;
          consume(consumer, first.text ?? "");
          queue.done(first);
        };
        for (const { id, value, takes } of during) {
          for (const object of model.set(id, value)) {
            backlog.add(message(object));
            snapshot.overtakenBy(message(object));
          }
          for (let n = 0; n < takes; n += 1) take();
        }
        while (backlog.size + snapshot.size > 0) take();
        expect(consumer).toEqual(model.patterns());
      }),
      { numRuns: propertyRuns },
    );
  });
});
