import {
  type AttributeChange,
  type Change,
  createFilter,
  type EventPart,
  type Finding,
  type Store,
} from "@tb/misp-core";
import { createMemoryStore, exampleEntry } from "@tb/misp-core/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { createCounters } from "../counters.ts";
import { decide } from "./decide.ts";
import { createDraft } from "./draft.ts";
import type { Rules } from "./settle-entry.ts";

const rules: Rules = { filter: createFilter([]), reorders: false };
const { uuid, content } = exampleEntry(1);

let store: Store;
beforeEach(() => {
  store = createMemoryStore();
});

async function takeBy(rules: Rules, ...changes: readonly (Change | Finding)[]): Promise<void> {
  const draft = createDraft(store);
  decide(draft, changes, rules, createCounters());
  await store.commit(draft.changes());
}
const take = (...changes: readonly (Change | Finding)[]) => takeBy(rules, ...changes);

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
const eventRead = (observedAtMs: number, event: EventPart = {}): Finding => ({
  ...{ kind: "event-read", origin: "rest", eventId: 1 },
  ...{ observedAtMs, version, event },
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

describe("in one batch", () => {
  it("an attribute goes with its event, though it came in the same", async () => {
    await take(attribute(100), { kind: "event-deleted", origin: "live", observedAtMs: 110, eventId: 1 });
    expect(store.entry(1)).toMatchObject({ gone: "event-deleted", live: false });
  });
});

describe("quietly", () => {
  const quiet = { ...rules, quiet: true };
  const dirty = () => store.dirtyAfter(0, 10).map(({ id }) => id);

  it("nothing is announced for the first time; what follows is", async () => {
    await takeBy(quiet, row(50));
    expect([store.entry(1)?.live, dirty()]).toEqual([true, []]);
    await takeBy(quiet, row(60, { content: { ...content, comment: "edited" } }));
    expect(dirty()).toEqual([1]);
  });

  it("what is deleted is removed, since an earlier run may have announced it", async () => {
    await takeBy(quiet, row(50, { content: { ...content, deleted: true } }));
    expect([store.entry(1)?.live, dirty()]).toEqual([false, [1]]);
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

  it("does not hold once the event itself is heard of, nor when that was in a transaction before it was read to its end", async () => {
    await take(eventRead(110));
    await take({ kind: "event", origin: "live", observedAtMs: 120, eventId: 1, event: {} });
    expect(epoch()).toBe(0);
    const none = () => undefined;
    const completeness = { onLive: none, onDoubt: none, onFresh: none, wasHeard: (id: number) => id === 1 };
    await takeBy({ ...rules, completeness }, eventRead(130));
    expect(epoch()).toBe(0);
  });

  it("does not hold when the list says otherwise than what was heard by a clock that is ahead", async () => {
    await take({ kind: "event", origin: "live", observedAtMs: 200, eventId: 1, event: { published: true } });
    await take(eventRead(110, { published: false }));
    expect([epoch(), store.event(1)?.published]).toEqual([0, true]);
  });

  it("holds after a row that was asked for after the tag message that waits", async () => {
    await take(detached);
    await take(eventRead(110));
    await take(row(120));
    expect(epoch()).toBe(1);
  });
});

describe("a tag", () => {
  const tag = { id: 3, name: "t" };
  const target = { attributeId: 1 };
  const tags = () => store.entry(1)?.tags.attached.map(({ id }) => id);

  it("that was deleted stays so, whatever comes late", async () => {
    await take(row(50, { tags: [tag] }));
    expect(tags()).toEqual([3]);
    await take({ kind: "tag-deleted", origin: "live", observedAtMs: 100, tag });
    await take({ kind: "tag-renamed", origin: "live", observedAtMs: 150, tag }, row(160, { tags: [tag] }), {
      kind: "tag-attached",
      origin: "live",
      observedAtMs: 170,
      tag,
      target,
    });
    expect([tags(), store.tagDefinition(3)?.deleted]).toEqual([[], true]);
  });

  it("that was attached and detached at the same time, before anything was known of what carried it, is detached", async () => {
    const attached: Change = { kind: "tag-attached", origin: "live", observedAtMs: 100, tag, target };
    const detached: Change = { ...attached, kind: "tag-detached" };
    await take(detached, attached, attribute(50));
    expect(tags()).toEqual([]);
  });

  it("whose message is older than what a row said is asked for again", async () => {
    const doubted: string[] = [];
    const none = () => undefined;
    const onDoubt = (of: string) => void doubted.push(of);
    const completeness = { onLive: none, onDoubt, onFresh: none, wasHeard: () => false };
    await take(row(100, { tags: [] }));
    const late: Change = { kind: "tag-attached", origin: "live", observedAtMs: 50, tag, target };
    await takeBy({ ...rules, completeness }, late);
    expect([tags(), doubted]).toEqual([[], [uuid]]);
  });
});
