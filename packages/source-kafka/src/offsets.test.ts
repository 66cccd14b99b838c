import { runs } from "@tb/misp-core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOffsetTracker, type Position } from "./offsets.ts";

const record = (partition: number, offset: number, topic = "a"): Position => ({ topic, partition, offset });

function tracker() {
  const stored: Position[][] = [];
  return { stored, ...createOffsetTracker((positions) => stored.push([...positions])) };
}

describe("offsets", () => {
  it("are stored as the next record to read, per partition, once", () => {
    const { take, stored } = tracker();
    const ack = take([record(0, 5), record(1, 7), record(0, 6)]);
    expect(stored).toEqual([]);
    ack();
    ack();
    expect(stored).toEqual([[record(0, 7), record(1, 8)]]);
  });

  it("wait for every batch before them", () => {
    const { take, stored } = tracker();
    const [first, second, third] = [take([record(0, 0)]), take([record(0, 1)]), take([record(1, 0)])];
    third();
    second();
    expect(stored).toEqual([]);
    first();
    expect(stored).toEqual([[record(0, 2), record(1, 1)]]);
  });

  it("of a partition that was taken away are not stored, those of others are", () => {
    const { take, revoke, stored } = tracker();
    const before = take([record(0, 5), record(0, 5, "b"), record(1, 5)]);
    revoke([{ topic: "a", partition: 0 }]);
    const after = take([record(0, 2)]);
    before();
    expect(stored).toEqual([[record(0, 6, "b"), record(1, 6)]]);
    after();
    expect(stored.at(-1)).toEqual([record(0, 3)]);
  });

  it("are not stored when nothing is left of a batch", () => {
    const { take, revoke, stored } = tracker();
    const ack = take([record(0, 5)]);
    revoke([{ topic: "a", partition: 0 }]);
    ack();
    expect(stored).toEqual([]);
  });

  it("property: in whatever order batches are acknowledged, nothing unacknowledged is ever skipped", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        (batches, chance) => {
          const { take, stored } = tracker();
          const next = [0, 0, 0];
          const open = batches.map((partitions) => {
            const taken = partitions.map((partition) => record(partition, next[partition] ?? 0));
            for (const [i, partition] of partitions.entries()) {
              taken[i] = record(partition, next[partition] ?? 0);
              next[partition] = (next[partition] ?? 0) + 1;
            }
            return { taken, ack: take(taken) };
          });
          const unacknowledged = new Set(open.flatMap(({ taken }) => taken));
          while (open.length > 0) {
            const [done] = open.splice(chance.next().value % open.length, 1);
            for (const one of done?.taken ?? []) unacknowledged.delete(one);
            done?.ack();
            for (const position of stored.flat()) {
              for (const { partition, offset } of unacknowledged) {
                if (partition === position.partition) expect(position.offset).toBeLessThanOrEqual(offset);
              }
            }
          }
          const last = new Map(stored.flat().map(({ partition, offset }) => [partition, offset]));
          expect([...last].sort()).toEqual([...next.entries()].filter(([, offset]) => offset > 0));
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
