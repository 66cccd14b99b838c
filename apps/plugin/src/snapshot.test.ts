import type { Former, IndexEntry, SnapshotRequest, StixObject, Store } from "@tb/misp-core";
import { createMemoryBus, createMemoryStore, exampleEntry, type MemoryBus, storeChanges } from "@tb/misp-core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serveSnapshots } from "./snapshot.ts";

const now = 1_800_000_000_000;
const hour = 3_600_000;
const day = 24 * hour;

describe("a snapshot", () => {
  let store: Store;
  let bus: MemoryBus;
  const controllers: AbortController[] = [];
  beforeEach(() => {
    store = createMemoryStore();
    bus = createMemoryBus();
  });
  afterEach(() => {
    for (const controller of controllers.splice(0)) controller.abort();
  });

  /** An attribute that MISP changed so long ago, live or withdrawn so long ago. */
  const entry = (id: number, agoMs: number, part: Partial<IndexEntry> = {}): IndexEntry => {
    const plain = exampleEntry(id);
    const atMs = now - agoMs;
    const pattern = `[domain-name:value = 'host-${id}.example']`;
    return {
      ...plain,
      content: { ...plain.content, timestamp: Math.floor(atMs / 1000) },
      contentAtMs: atMs,
      createdMs: atMs,
      modifiedMs: atMs,
      removedAtMs: 0,
      live: true,
      edit: false,
      outdated: [],
      announced: { pattern, patternType: "stix", name: `host-${id}.example` },
      gone: undefined,
      ...part,
    };
  };
  const removed = (id: number, agoMs: number, part: Partial<IndexEntry> = {}) => {
    const { announced, ...withdrawn } = entry(id, agoMs, { live: false, removedAtMs: now - agoMs, ...part });
    const atMs = now - agoMs;
    const { pattern = "", patternType = "", name = "" } = announced ?? {};
    const former = announced === undefined ? [] : [{ pattern, patternType, name, modifiedMs: atMs, atMs }];
    return { ...withdrawn, announced, former, ...part };
  };

  async function ask(sinceMs: number, entries: readonly IndexEntry[]): Promise<readonly StixObject[]> {
    await store.commit(storeChanges({ entries: entries.map((after) => ({ after })) }));
    const controller = new AbortController();
    controllers.push(controller);
    void serveSnapshots(store, bus, { signal: controller.signal, now: () => now });
    const snapshot = bus.requestSnapshot(sinceMs);
    await snapshot.ended;
    return snapshot.objects;
  }
  const outline = (objects: readonly StixObject[]) =>
    objects.map((object) => `${object["x_threatbus_update"] ?? "announce"} ${object["name"]}`);

  it("says until when an indicator is valid; its removal ends with itself", async () => {
    const plain = { pattern: "P", patternType: "stix", name: "n" };
    const validUntilMs = now + day;
    const [removal, announcement] = await ask(day, [
      removed(1, hour, { announced: { ...plain, validUntilMs } }),
      entry(2, hour, { announced: { ...plain, pattern: "Q", validUntilMs } }),
    ]);
    expect(removal?.["valid_until"]).toBe(removal?.["modified"]);
    expect(announcement?.["valid_until"]).toBe(new Date(validUntilMs).toISOString());
  });

  it("has what changed in its time, the removals first", async () => {
    const entries = [entry(1, 2 * day), entry(2, hour), removed(3, 2 * hour), removed(4, 2 * day)];
    expect(outline(await ask(day, entries))).toEqual(["REMOVE host-3.example", "announce host-2.example"]);
  });

  it("has what was tagged in its time, itself or by its event, which changes none of its own timestamps", async () => {
    const tagged = (atMs: number) => ({ listedAtMs: 0, attached: [{ id: 1, atMs }], detached: [] });
    const old = 90 * day;
    await store.commit(
      storeChanges({
        events: [
          { id: 7, atMs: now - old, tags: tagged(now - hour) },
          { id: 8, atMs: now - old, tags: tagged(now - old) },
        ],
      }),
    );
    const entries = [
      entry(1, old, { eventId: 8, tags: tagged(now - hour) }),
      entry(2, old, { eventId: 7, tags: tagged(now - old) }),
      entry(3, old, { eventId: 8, tags: tagged(now - old) }),
    ];
    expect(outline(await ask(day, entries))).toEqual(["announce host-1.example", "announce host-2.example"]);
  });

  it("has the removals of the last hour in any case, and nothing else when it asks for no time", async () => {
    const entries = [entry(1, 1_000), removed(2, hour / 2), removed(3, 2 * hour)];
    expect(outline(await ask(0, entries))).toEqual(["REMOVE host-2.example"]);
  });

  it("does not take away a value that another indicator still holds, nor an indicator that came back", async () => {
    const pattern = "[domain-name:value = 'shared.example']";
    const announced = { pattern, patternType: "stix" as const, name: "shared.example" };
    const back = exampleEntry(6).uuid;
    const entries = [
      entry(1, 2 * day, { announced }),
      removed(2, 1_000, { announced }),
      removed(5, 1_000, { uuid: back, gone: "superseded", former: [] }),
      entry(6, 2 * day, { uuid: back }),
    ];
    // By id the second one must go all the same, and the value must stay.
    const objects = await ask(day, entries);
    expect(outline(objects)).toEqual(["REMOVE shared.example", "announce shared.example"]);
    expect(objects.map(({ id }) => id)).toEqual([2, 1].map((id) => `indicator--${exampleEntry(id).uuid}`));
  });

  it("does not take away a value that a live indicator had and another one has", async () => {
    const held = entry(2, 2 * day);
    const { pattern } = held.announced as NonNullable<IndexEntry["announced"]>;
    const edited = entry(1, 2 * day, { former: [{ ...former("x", hour), pattern }] });
    expect(outline(await ask(day, [edited, held]))).toEqual(["announce host-1.example"]);
  });

  const former = (name: string, agoMs: number): Former => {
    const pattern = `[domain-name:value = '${name}']`;
    return { pattern, patternType: "stix", name, modifiedMs: now - agoMs, atMs: now - agoMs };
  };

  it("has the REMOVE of each pattern that a live indicator had, in its version, and what it announces right behind", async () => {
    const edited = entry(1, 2 * day, {
      former: [former("older.example", 2 * day), former("old.example", 3 * hour), former("last.example", 2 * hour)],
      modifiedMs: now - hour,
    });
    const objects = await ask(day, [edited, removed(2, hour)]);
    expect(outline(objects)).toEqual([
      "REMOVE old.example",
      "REMOVE last.example",
      "announce host-1.example",
      "REMOVE host-2.example",
      "announce host-1.example",
    ]);
    expect(objects.map((object) => object["modified"]).slice(0, 2)).toEqual(
      [3 * hour, 2 * hour].map((agoMs) => new Date(now - agoMs).toISOString()),
    );
  });

  it("has the former patterns of the last hour in any case, and what stands instead of them", async () => {
    const entries = [
      entry(1, 2 * day, { former: [former("old.example", 2 * hour), former("last.example", hour / 2)] }),
      entry(2, 2 * day, { former: [former("longer.example", 2 * hour)] }),
    ];
    expect(outline(await ask(0, entries))).toEqual(["REMOVE last.example", "announce host-1.example"]);
  });

  it("has each pattern of what is withdrawn once, and none that something else holds", async () => {
    const held = entry(2, 2 * day);
    const { pattern } = held.announced as NonNullable<IndexEntry["announced"]>;
    const withdrawn = removed(1, hour, {
      former: [former("old.example", 3 * hour), { ...former("x", 2 * hour), pattern }, former("host-1.example", hour)],
    });
    expect(outline(await ask(day, [withdrawn, held]))).toEqual(["REMOVE old.example", "REMOVE host-1.example"]);
  });

  it("has the removals that may have been handed over before the app came, and are not confirmed yet", async () => {
    const { pattern, patternType, name } = former("old.example", 0);
    const changed = entry(1, 2 * day, { outdated: [{ pattern, patternType, name }], sequence: 7 });
    await store.commit(storeChanges({ dirty: [{ sequence: 7, id: 1 }] }));
    expect(outline(await ask(0, [changed]))).toEqual(["REMOVE old.example", "announce host-1.example"]);
  });

  it("does not divide a removal from what follows it", async () => {
    const entries = Array.from({ length: 700 }, (_, i) =>
      entry(i + 1, 2 * day, { former: [former(`a-${i}`, hour), former(`b-${i}`, hour)] }),
    );
    await store.commit(storeChanges({ entries: entries.map((after) => ({ after })) }));
    const sent: (readonly StixObject[])[] = [];
    const request: SnapshotRequest = {
      sinceMs: day,
      send: async (chunk) => void sent.push(chunk),
      end: async () => {},
    };
    async function* one() {
      yield request;
    }
    await serveSnapshots(store, { snapshotRequests: one }, { signal: new AbortController().signal, now: () => now });
    expect(sent.flat()).toHaveLength(2_100);
    expect(sent.length).toBeGreaterThan(3);
    for (const chunk of sent) expect(outline(chunk).at(-1)).toMatch(/^announce /);
  });

  it("leaves out what was never announced", async () => {
    const entries = [removed(1, 1_000, { announced: undefined }), entry(2, 1_000, { live: false })];
    expect(outline(await ask(day, entries))).toEqual([]);
  });

  it("that cannot be read ends, and is told to whoever runs the program", async () => {
    await store.commit(storeChanges({ entries: [{ after: entry(1, 1_000) }] }));
    const broken = {
      ...store,
      entriesAfter() {
        throw new Error("the disk is gone");
      },
    };
    const serving = serveSnapshots(broken, bus, { signal: new AbortController().signal, now: () => now });
    const snapshot = bus.requestSnapshot(day);
    await expect(serving).rejects.toThrow("the disk is gone");
    await snapshot.ended;
  });

  it("lets others go on while it reads what it has nothing to say of", async () => {
    const old = Array.from({ length: 1_200 }, (_, i) => entry(i + 1, 2 * day));
    await store.commit(storeChanges({ entries: old.map((after) => ({ after })) }));
    let turns = 0;
    let watching = true;
    const count = () => {
      turns += 1;
      if (watching) setImmediate(count);
    };
    count();
    const counted: number[] = [];
    const watched: Store = {
      ...store,
      entriesAfter(...range) {
        counted.push(turns);
        return store.entriesAfter(...range);
      },
    };
    const controller = new AbortController();
    controllers.push(controller);
    void serveSnapshots(watched, bus, { signal: controller.signal, now: () => now });
    await bus.requestSnapshot(hour).ended;
    watching = false;
    expect(new Set(counted).size).toBeGreaterThan(1);
  });

  it("comes in chunks, whole", async () => {
    const entries = Array.from({ length: 1_203 }, (_, i) => entry(i + 1, 1_000));
    expect(await ask(day, entries)).toHaveLength(1_203);
  });
});
