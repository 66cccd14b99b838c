import { expect, it } from "vitest";
import { createLoss } from "./loss.ts";
import { createRandom } from "./random/source.ts";

const messages = Array.from({ length: 20_000 }, (_, index) => index);

it.each([0.01, 0.1, 0.5])("loses a share of %d, in no other order, and counts it", (share) => {
  const loss = createLoss(share, createRandom(5));
  const kept = loss.keep(messages);
  expect(loss.lost).toBe(messages.length - kept.length);
  expect(loss.lost / messages.length).toBeCloseTo(share, 1);
  expect(loss.lost).toBeGreaterThan(0);
  expect(kept).toEqual(kept.toSorted((left, right) => left - right));
});

it("loses the same messages from the same seed, others from another", () => {
  const kept = (seed: number) => createLoss(0.1, createRandom(seed)).keep(messages);
  expect(kept(1)).toEqual(kept(1));
  expect(kept(1)).not.toEqual(kept(2));
});

it("loses nothing at 0 and everything at 1", () => {
  expect(createLoss(0, createRandom(1)).keep(messages)).toEqual(messages);
  expect(createLoss(1, createRandom(1)).keep(messages)).toEqual([]);
});

it.each([-0.1, 1.1, Number.NaN])("refuses a share of %d", (share) => {
  expect(() => createLoss(share, createRandom(1))).toThrow(RangeError);
});
