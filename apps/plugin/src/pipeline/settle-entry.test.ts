import { createFilter, decode, type QualityGates } from "@tb/misp-core";
import { createMemoryStore } from "@tb/misp-core/testing";
import { describe, expect, it } from "vitest";
import { createCounters } from "../counters.ts";
import { createCommitter } from "./commit.ts";

const removal = {
  Attribute: {
    ...{ id: "7", event_id: "1", object_id: "0", uuid: "5f7b2284-bdd8-4ef4-b457-000000000007" },
    ...{ type: "domain", value: "internal.example", to_ids: true, timestamp: "1795494395" },
  },
  Event: { id: "1", distribution: "3" },
};

/** Which patterns a soft deletion takes from the bus that is the first that is heard of an attribute. */
async function removedBy(distribution: string, gates: QualityGates): Promise<readonly string[]> {
  const store = createMemoryStore();
  const { commit } = createCommitter(store, {
    rules: { filter: createFilter([]), reorders: false, quality: { gates: () => gates, now: () => 1_800_000_000_000 } },
    counters: createCounters(),
    takePublished: () => [],
    onCommitted: () => undefined,
  });
  const message = { ...removal, Attribute: { ...removal.Attribute, distribution }, action: "soft-delete" };
  const body = new TextEncoder().encode(JSON.stringify(message));
  const decoded = decode({ topic: "misp", body, observedAtMs: 1_800_000_000_000 });
  if (!decoded.ok) throw new Error(decoded.detail);
  await commit(decoded.changes);
  return store.entry(7)?.outdated.map(({ pattern }) => pattern) ?? [];
}

describe("the removal of an attribute that the index does not know", () => {
  const pattern = "[domain-name:value = 'internal.example']";
  it("goes out, since an earlier run may have announced it", async () => {
    expect(await removedBy("5", {})).toEqual([pattern]);
    expect(await removedBy("5", { distribution: new Set([3]) })).toEqual([pattern]);
    expect(await removedBy("5", { maxAgeMs: 1 })).toEqual([pattern]);
  });

  it("does not go out when its value may not: it names it", async () => {
    expect(await removedBy("0", { distribution: new Set([3]) })).toEqual([]);
    expect(await removedBy("9", { distribution: new Set([3]) })).toEqual([]);
    expect(await removedBy("5", { exceptionFor: () => "internal.example" })).toEqual([]);
  });
});
