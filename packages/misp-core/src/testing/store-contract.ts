import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { emptyMeta, type Store, type StoreChanges } from "../contracts.ts";
import type { EventContext, Former, IndexEntry, TagSet } from "../index-entry.ts";
import { createMemoryStore } from "./memory-store.ts";

/** How the suite gets at an implementation. */
export interface StoreHarness {
  readonly store: Store;
  /** Closes the store and opens what it left; undefined when it leaves nothing. */
  reopen?(): Promise<Store>;
  dispose(): Promise<void>;
}

const tagSet = (ids: readonly number[]): TagSet => ({
  listedAtMs: 5,
  attached: ids.map((id) => ({
    id,
    ...(id % 2 === 0 ? { local: id % 4 === 0 } : {}),
    ...(id % 3 === 0 ? { atMs: 6.001 } : {}),
  })),
  detached: [{ id: 99, atMs: 7 }],
});

/** An entry with everything set that can be absent. */
export function exampleEntry(id: number, part: Partial<IndexEntry> = {}): IndexEntry {
  return {
    id,
    uuid: `5f7b2284-bdd8-4ef4-b457-${id.toString(16).padStart(12, "0")}`,
    eventId: 1,
    content: {
      type: "domain",
      value: "evil.example",
      category: "c",
      comment: "d",
      toIds: true,
      deleted: false,
      timestamp: 9,
    },
    contentAtMs: 1_700_000_000_000.001,
    origin: "rest",
    seenInRest: true,
    tags: tagSet([1, 2, 3, 4]),
    gone: undefined,
    announced: {
      pattern: "[domain-name:value = 'evil.example']",
      patternType: "stix",
      name: "evil.example",
      description: "other",
      labels: ["x"],
      markings: ["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"],
      confidence: 0,
      orgUuid: "3b53361a-72a6-470d-8035-ffc51285a83d",
      eventUuid: "5511920b-ef6c-4283-bd4a-85a7642a931d",
    },
    live: true,
    edit: true,
    outdated: [{ pattern: "P", patternType: "yara", name: "n" }],
    createdMs: 1,
    modifiedMs: 2,
    removedAtMs: 0,
    sequence: 0,
    dueAtMs: 0,
    former: [],
    ...part,
  };
}

const formerAt = (atMs: number): Former => ({
  pattern: `F${atMs}`,
  patternType: "yara",
  name: "f",
  modifiedMs: 4,
  atMs,
});

/** The same with everything absent that can be. */
function bareEntry(id: number): IndexEntry {
  const tags = { listedAtMs: 0, attached: [], detached: [] };
  return exampleEntry(id, { announced: undefined, live: false, outdated: [], tags });
}

const formerly = (id: number, ...atMs: readonly number[]) => exampleEntry(id, { former: atMs.map(formerAt) });

const event = (id: number, part: Partial<EventContext> = {}): EventContext => ({
  id,
  atMs: 1.5,
  tags: tagSet([2]),
  ...part,
});

export function storeChanges(part: Partial<StoreChanges>): StoreChanges {
  return {
    entries: [],
    events: [],
    tags: [],
    waiting: { added: [], taken: [] },
    dirty: [],
    clean: [],
    meta: {},
    ...part,
  };
}

/** Everything that a store shows of a small world. */
function observe(store: Store): unknown {
  const ids = Array.from({ length: 9 }, (_, i) => i);
  const patterns = ["[domain-name:value = 'evil.example']", "A", "B"];
  return {
    meta: store.meta(),
    entries: store.entriesAfter(0, 100),
    byUuid: ids.map((id) => store.byUuid(exampleEntry(id).uuid)),
    events: ids.map((id) => store.event(id)),
    eventsAfter: [store.eventsAfter(0, 100), store.eventsAfter(2, 1)],
    idsOfEvent: ids.map((id) => [...store.idsOfEvent(id)]),
    tags: ids.map((id) => store.tagDefinition(id)),
    tagDefinitions: [...store.tagDefinitions()],
    tagged: ids.map((id) => store.taggedWith(id)),
    waiting: ids.map((id) => [...store.waitingTags(id)].sort((a, b) => a.tagId - b.tagId)),
    waitingCount: store.waitingCount(),
    live: patterns.map((pattern) => [...store.liveIdsWithPattern(pattern)]),
    dirty: store.dirtyAfter(0, 100),
    removed: store.removedBetween(0, 100, 100),
    due: store.dueBetween(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 100),
    dueNext: store.dueBetween(0, Number.POSITIVE_INFINITY, 1),
  };
}

/** The suite that every {@link Store} runs. */
export function describeStore(name: string, makeHarness: () => Promise<StoreHarness>): void {
  describe(`${name} keeps the contract of a store`, () => {
    const open: StoreHarness[] = [];
    const make = async () => {
      const harness = await makeHarness();
      open.push(harness);
      return harness;
    };
    afterEach(async () => {
      for (const harness of open.splice(0)) await harness.dispose();
    });

    it("is empty at first", async () => {
      const { store } = await make();
      expect(store.meta()).toEqual(emptyMeta);
      expect(store.entry(1)).toBeUndefined();
      expect(store.byUuid(exampleEntry(1).uuid)).toBeUndefined();
      expect(store.entriesAfter(0, 10)).toEqual([]);
    });

    it("gives entries back exactly: what is absent stays absent", async () => {
      const { store } = await make();
      const stored = [exampleEntry(1), bareEntry(2), exampleEntry(3, { gone: "superseded" }), formerly(4, 8.5, 9)];
      await store.commit(storeChanges({ entries: stored.map((after) => ({ after })) }));
      for (const entry of stored) expect(store.entry(entry.id)).toStrictEqual(entry);
      expect(store.entriesAfter(1, 1)).toStrictEqual([stored[1]]);
    });

    it("gives events and tags back exactly", async () => {
      const { store } = await make();
      const full = event(2, {
        uuid: "u",
        orgId: 3,
        orgUuid: "o",
        ownerOrgId: 6,
        published: false,
        distribution: 0,
        deleted: true,
      });
      const tag = { id: 4, name: "tlp:red", exportable: false, atMs: 7.25, deleted: true as const };
      await store.commit(storeChanges({ events: [full, event(3)], tags: [tag] }));
      expect(store.event(2)).toStrictEqual(full);
      expect(store.event(3)).toStrictEqual(event(3));
      expect(store.tagDefinition(4)).toStrictEqual(tag);
    });

    it("finds the newest attribute of a uuid, and what a purged one left", async () => {
      const { store } = await make();
      const uuid = exampleEntry(1).uuid;
      const old = exampleEntry(1, { gone: "superseded", live: false });
      const heir = exampleEntry(7, { uuid });
      await store.commit(storeChanges({ entries: [{ after: old }, { after: heir }] }));
      expect(store.byUuid(uuid)).toEqual({ id: 7 });
      await store.commit(storeChanges({ entries: [{ before: old }] }));
      expect(store.byUuid(uuid)).toEqual({ id: 7 });
      await store.commit(storeChanges({ entries: [{ before: heir }] }));
      expect(store.byUuid(uuid)).toEqual({ createdMs: 1, modifiedMs: 2 });
      expect([...store.idsOfEvent(1)]).toEqual([]);
    });

    it("finds live entries by their announced pattern, lowest id first, however long the pattern is", async () => {
      const { store } = await make();
      const pattern = `[url:value = '${"x".repeat(5000)}']`;
      const announced = { pattern, patternType: "stix", name: "x" };
      const entries = [9, 3, 300].map((id) => exampleEntry(id, { announced, live: id !== 3 }));
      await store.commit(storeChanges({ entries: entries.map((after) => ({ after })) }));
      expect([...store.liveIdsWithPattern(pattern)]).toEqual([9, 300]);
      for (const first of store.liveIdsWithPattern(pattern)) {
        expect(first).toBe(9);
        break;
      }
      const [before] = entries as [IndexEntry];
      await store.commit(storeChanges({ entries: [{ before, after: { ...before, live: false } }] }));
      expect([...store.liveIdsWithPattern(pattern)]).toEqual([300]);
    });

    it("hands out dirty keys in commit order, from a sequence number on", async () => {
      const { store } = await make();
      await store.commit(storeChanges({ dirty: [3, 1, 2].map((sequence) => ({ sequence, id: sequence * 10 })) }));
      expect(store.dirtyAfter(1, 10)).toEqual([
        { sequence: 2, id: 20 },
        { sequence: 3, id: 30 },
      ]);
      expect(store.dirtyAfter(0, 1)).toEqual([{ sequence: 1, id: 10 }]);
      await store.commit(storeChanges({ clean: [2] }));
      expect([1, 2, 3].map((sequence) => store.isDirty(sequence))).toEqual([true, false, true]);
      expect(store.isDirty(0)).toBe(false);
    });

    it("follows tags as they come and go", async () => {
      const { store } = await make();
      const before = exampleEntry(1, { tags: tagSet([1, 2]) });
      await store.commit(storeChanges({ entries: [{ after: before }], events: [event(5, { tags: tagSet([2]) })] }));
      expect(store.taggedWith(2)).toEqual({ attributeIds: [1], eventIds: [5] });
      const after = { ...before, tags: tagSet([2, 3]) };
      await store.commit(storeChanges({ entries: [{ before, after }], events: [event(5, { tags: tagSet([]) })] }));
      expect([1, 2, 3].map((id) => store.taggedWith(id))).toEqual([
        { attributeIds: [], eventIds: [] },
        { attributeIds: [1], eventIds: [] },
        { attributeIds: [1], eventIds: [] },
      ]);
    });

    it("keeps tag messages that wait until they are taken or expire", async () => {
      const { store } = await make();
      const added = [1, 2, 3].map((tagId) => ({ attributeId: 7, tagId, attached: tagId !== 2, atMs: tagId }));
      await store.commit(
        storeChanges({
          waiting: { added: [...added, { ...added[0], attributeId: 8 } as (typeof added)[0]], taken: [] },
        }),
      );
      expect(store.waitingCount()).toBe(4);
      expect(store.waitingTags(7)).toHaveLength(3);
      await store.commit(storeChanges({ waiting: { added: [], taken: [8] } }));
      expect(await store.expireWaiting(3)).toBe(2);
      expect(store.waitingTags(7)).toEqual([added[2]]);
      expect(store.waitingCount()).toBe(1);
    });

    it("finds what was withdrawn in a time span, oldest first", async () => {
      const { store } = await make();
      const at = [30, 10, 20, 0].map((removedAtMs, i) => exampleEntry(i + 1, { removedAtMs, live: false }));
      await store.commit(storeChanges({ entries: at.map((after) => ({ after })) }));
      expect(store.removedBetween(10, 30, 10)).toEqual([2, 3]);
      expect(store.removedBetween(0, 31, 2)).toEqual([2, 3]);
    });

    it("finds what lost a pattern in a time span, also when it is live, by the latest time", async () => {
      const { store } = await make();
      const later = exampleEntry(3, { live: false, removedAtMs: 15, former: [formerAt(12)] });
      const entries = [formerly(1, 20), formerly(2, 10, 30), later, formerly(4)];
      await store.commit(storeChanges({ entries: entries.map((after) => ({ after })) }));
      expect(store.removedBetween(1, 31, 10)).toEqual([3, 1, 2]);
      const [first, second] = entries as [IndexEntry, IndexEntry];
      const changes = [
        { before: first, after: { ...first, former: [] } },
        { before: second, after: { ...second, former: [formerAt(10)] } },
      ];
      await store.commit(storeChanges({ entries: changes }));
      expect(store.removedBetween(1, 31, 10)).toEqual([2, 3]);
      await store.commit(storeChanges({ entries: [{ before: later }] }));
      expect(store.removedBetween(1, 31, 10)).toEqual([2]);
    });

    it("finds what is due, and what was, by the time alone", async () => {
      const { store } = await make();
      const times = [1_800_000_000_000, 0, -1_700_000_000_000, 10, -1_800_000_000_000];
      const entries = times.map((dueAtMs, i) => exampleEntry(i + 1, { dueAtMs }));
      await store.commit(storeChanges({ entries: entries.map((after) => ({ after })) }));
      expect(store.dueBetween(0, Number.POSITIVE_INFINITY, 10)).toEqual([4, 1]);
      expect(store.dueBetween(0, 1_800_000_000_000, 10)).toEqual([4]);
      expect(store.dueBetween(0, Number.POSITIVE_INFINITY, 1)).toEqual([4]);
      expect(store.dueBetween(Number.NEGATIVE_INFINITY, -1_700_000_000_000, 10)).toEqual([5]);
      const [first, , , fourth] = entries as [IndexEntry, IndexEntry, IndexEntry, IndexEntry];
      const changes = [{ before: first, after: { ...first, dueAtMs: 5 } }, { before: fourth }];
      await store.commit(storeChanges({ entries: changes }));
      expect(store.dueBetween(0, Number.POSITIVE_INFINITY, 10)).toEqual([1]);
    });

    it("property: shows the same as the plainest implementation after any changes, also when opened again", async () => {
      const pattern = fc.constantFrom("A", "B");
      const entryPart = fc.record({
        live: fc.boolean(),
        eventId: fc.integer({ min: 1, max: 2 }),
        uuidOf: fc.integer({ min: 1, max: 3 }),
        pattern,
        removedAtMs: fc.constantFrom(0, 5, 9),
        formerAtMs: fc.constantFrom<readonly number[]>([], [], [7], [4, 10.5]),
        dueAtMs: fc.constantFrom(0, 5, -5, 1_800_000_000_000.5, -1_800_000_000_000),
        tagIds: fc.uniqueArray(fc.integer({ min: 1, max: 4 })),
        purge: fc.boolean(),
      });
      const batch = fc.record({
        entries: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 6 }), entryPart), {
          selector: ([id]) => id,
          maxLength: 4,
        }),
        events: fc.uniqueArray(
          fc.tuple(fc.integer({ min: 1, max: 3 }), fc.uniqueArray(fc.integer({ min: 1, max: 4 }))),
          { selector: ([id]) => id, maxLength: 2 },
        ),
        waiting: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })), {
          selector: String,
          maxLength: 3,
        }),
        taken: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
        dirty: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }),
        clean: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }),
        observedAtMs: fc.integer({ min: 1, max: 100 }),
        reopen: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 6 }), async (batches) => {
          const harness = await make();
          let { store } = harness;
          const plain = createMemoryStore();
          const state = new Map<number, IndexEntry>();
          for (const b of batches) {
            const entries = b.entries.flatMap(([id, part]): StoreChanges["entries"] => {
              const before = state.get(id);
              if (part.purge) {
                // Nobody purges a uuid and brings it back in one transaction.
                if (b.entries.some(([other, { uuidOf }]) => other !== id && exampleEntry(uuidOf).uuid === before?.uuid))
                  return [];
                state.delete(id);
                return before === undefined ? [] : [{ before }];
              }
              const after = exampleEntry(id, {
                // An id never changes its uuid or event.
                uuid: before?.uuid ?? exampleEntry(part.uuidOf).uuid,
                eventId: before?.eventId ?? part.eventId,
                live: part.live,
                removedAtMs: part.removedAtMs,
                former: part.formerAtMs.map(formerAt),
                dueAtMs: part.dueAtMs,
                tags: tagSet(part.tagIds),
                announced: { pattern: part.pattern, patternType: "stix", name: "n" },
              });
              state.set(id, after);
              return [before === undefined ? { after } : { before, after }];
            });
            const changes = storeChanges({
              entries,
              events: b.events.map(([id, tagIds]) => event(id, { tags: tagSet(tagIds) })),
              waiting: {
                added: b.waiting.map(([attributeId, tagId]) => ({
                  attributeId,
                  tagId,
                  attached: true,
                  atMs: b.observedAtMs,
                })),
                taken: b.taken,
              },
              dirty: b.dirty.map((sequence) => ({ sequence, id: sequence })),
              clean: b.clean,
              meta: { observedAtMs: b.observedAtMs },
            });
            await store.commit(changes);
            await plain.commit(changes);
            if (b.reopen && harness.reopen !== undefined) store = await harness.reopen();
            expect(observe(store)).toEqual(observe(plain));
          }
          await harness.dispose();
          open.splice(open.indexOf(harness), 1);
        }),
        { numRuns: 60 },
      );
    }, 60_000);
  });
}
