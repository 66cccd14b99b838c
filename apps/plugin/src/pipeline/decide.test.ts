import { type AttributeChange, type Change, createFilter, type Finding, type Store } from "@tb/misp-core";
import { createMemoryStore, exampleEntry } from "@tb/misp-core/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { createCounters } from "../counters.ts";
import { decide } from "./decide.ts";
import { createDraft } from "./draft.ts";

const rules = { filter: createFilter([]), reorders: false };
const { uuid, content } = exampleEntry(1);

let store: Store;
beforeEach(() => {
  store = createMemoryStore();
});

async function take(...changes: readonly (Change | Finding)[]): Promise<void> {
  const draft = createDraft(store);
  decide(draft, changes, rules, createCounters());
  await store.commit(draft.changes());
}

const attribute = (observedAtMs: number, part: Partial<AttributeChange> = {}): AttributeChange => ({
  kind: "attribute",
  origin: "live",
  observedAtMs,
  attributeId: 1,
  eventId: 1,
  uuid,
  content,
  event: {},
  ...part,
});
const row = (observedAtMs: number, part: Partial<AttributeChange> = {}) =>
  attribute(observedAtMs, { origin: "rest", ...part });
const version = { timestamp: 9, published: true, epoch: 1 };
/** The event was read from beginning to end. */
const eventRead = (observedAtMs: number): Finding => ({
  ...{ kind: "event-read", origin: "rest", eventId: 1, event: {} },
  ...{ observedAtMs, version },
});
const epoch = () => store.event(1)?.version?.epoch;

describe("an attribute", () => {
  it("takes from an older message what nobody has said since", async () => {
    await take(attribute(100, { content: { ...content, value: "new.example" } }));
    await take(attribute(50, { content: { ...content, objectDistribution: 1 } }));
    expect(store.entry(1)?.content).toMatchObject({ value: "new.example", objectDistribution: 1 });
  });

  it("was seen in REST once a row has shown it, however it became known", async () => {
    await take(attribute(100));
    expect(store.entry(1)?.seenInRest).toBe(false);
    await take(row(50));
    expect(store.entry(1)?.seenInRest).toBe(true);
  });

  it("is not absent when it was heard of after it was missed", async () => {
    const absent = (observedAtMs: number): Finding => ({
      ...{ kind: "attribute-absent", origin: "rest", attributeId: 1, eventId: 1 },
      observedAtMs,
    });
    await take(attribute(100), absent(50));
    expect(store.entry(1)?.gone).toBeUndefined();
    await take(absent(150));
    expect(store.entry(1)?.gone).toBe("absent");
  });
});

describe("the version that an event was read in", () => {
  const detached: Change = {
    ...{ kind: "tag-detached", origin: "live", observedAtMs: 100 },
    ...{ tag: { id: 3, name: "t" }, target: { attributeId: 1 } },
  };

  it("holds after a row that says what stands", async () => {
    await take(attribute(100), eventRead(110));
    expect(epoch()).toBe(0);
    await take(eventRead(110));
    await take(row(120));
    expect(epoch()).toBe(1);
  });

  it.each<[string, Change[], AttributeChange]>([
    ["otherwise about an attribute", [attribute(100)], row(50, { content: { ...content, comment: "other" } })],
    ["otherwise about its tags", [attribute(90), detached], row(50, { tags: [{ id: 3, name: "t" }] })],
    [
      "otherwise about its event",
      [attribute(100, { event: { distribution: 1 } })],
      row(50, { event: { distribution: 2 } }),
    ],
    ["what a tag message that waits may have changed", [detached], row(50)],
  ])("does not hold after a row that was asked for earlier and says %s", async (_, before, late) => {
    await take(...before);
    await take(eventRead(110));
    expect(epoch()).toBe(1);
    await take(late);
    // Once more it is read: what prevailed may be of a clock that is ahead.
    expect([epoch(), store.entry(1)?.content.comment]).toEqual([0, content.comment]);
  });

  it("holds after a row that was asked for after the tag message that waits", async () => {
    await take(detached);
    await take(eventRead(110));
    await take(row(120));
    expect(epoch()).toBe(1);
  });
});
