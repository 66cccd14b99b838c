import type { IndexEntry, StixObject, Store } from "@tb/misp-core";
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
  const removed = (id: number, agoMs: number, part: Partial<IndexEntry> = {}) =>
    entry(id, agoMs, { live: false, removedAtMs: now - agoMs, ...part });

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
      removed(5, 1_000, { uuid: back, gone: "superseded" }),
      entry(6, 2 * day, { uuid: back }),
    ];
    expect(outline(await ask(day, entries))).toEqual([]);
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

  it("comes in chunks, whole", async () => {
    const entries = Array.from({ length: 1_203 }, (_, i) => entry(i + 1, 1_000));
    expect(await ask(day, entries)).toHaveLength(1_203);
  });
});
