import type { StixObject, Store } from "@tb/misp-core";
import { createMemoryBus, createMemoryStore, exampleEntry, storeChanges } from "@tb/misp-core/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { createCounters } from "../counters.ts";
import { startPublishing } from "./publish.ts";

describe("publishing that is to end", () => {
  const entries = Array.from({ length: 600 }, (_, i) => exampleEntry(i + 1, { sequence: i + 1, outdated: [] }));
  let store: Store;
  beforeEach(async () => {
    store = createMemoryStore();
    await store.commit(
      storeChanges({
        entries: entries.map((after) => ({ after })),
        dirty: entries.map(({ id, sequence }) => ({ id, sequence })),
      }),
    );
  });

  it("hands over first whatever is dirty", async () => {
    const bus = createMemoryBus();
    const publisher = startPublishing(store, bus, { counters: createCounters(), onPublished: () => undefined });
    await publisher.stop(new AbortController().signal);
    expect(publisher.takePublished()).toHaveLength(600);
  });

  it("at a deadline reads the store no more, whatever the bus does later", async () => {
    const taken: (readonly StixObject[])[] = [];
    let take = () => {};
    const bus = {
      ...createMemoryBus(),
      publish(objects: readonly StixObject[]) {
        taken.push(objects);
        return new Promise<void>((resolve) => (take = resolve));
      },
    };
    const publisher = startPublishing(store, bus, { counters: createCounters(), onPublished: () => undefined });
    const deadline = new AbortController();
    const stopped = publisher.stop(deadline.signal);
    deadline.abort();
    await stopped;
    take();
    await publisher.done;
    expect(taken).toHaveLength(1);
    expect(publisher.takePublished()).toEqual([]);
  });
});
