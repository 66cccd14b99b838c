import { createFilter, type QualityGates } from "@tb/misp-core";
import { describe, expect, it } from "vitest";
import { createPipelineInMemory, readMessage } from "../../test/pipeline-in-memory.ts";

const removal = {
  Attribute: {
    ...{ id: "7", event_id: "1", object_id: "0", uuid: "5f7b2284-bdd8-4ef4-b457-000000000007" },
    ...{ type: "domain", value: "internal.example", to_ids: true, timestamp: "1795494395" },
  },
  Event: { id: "1", distribution: "3" },
};

/** Which patterns a soft deletion takes from the bus that is the first that is heard of an attribute. */
async function removedBy(distribution: string, gates: QualityGates): Promise<readonly unknown[]> {
  const quality = { gates: () => gates, now: () => 1_800_000_000_000 };
  const { take } = createPipelineInMemory({ filter: createFilter([]), reorders: false, quality });
  const message = { ...removal, Attribute: { ...removal.Attribute, distribution }, action: "soft-delete" };
  return (await take(readMessage(message, 1_800_000_000_000))).map((object) => object["pattern"]);
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
