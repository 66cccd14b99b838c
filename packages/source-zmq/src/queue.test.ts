import type { Notification } from "@tb/misp-core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createNotificationQueue } from "./queue.ts";

const notification = (observedAtMs: number, bytes: number): Notification => ({
  topic: "misp_json",
  body: new Uint8Array(bytes),
  observedAtMs,
});
const bounds = fc.record({
  maxMessages: fc.integer({ min: 1, max: 12 }),
  maxBytes: fc.integer({ min: 1, max: 40 }),
  maxBatch: fc.integer({ min: 1, max: 5 }),
});
/** A push of so many bytes, or a take. */
const steps = fc.array(fc.option(fc.integer({ min: 0, max: 15 }), { nil: "take" as const }), { maxLength: 60 });

it("keeps order and bounds, whatever is pushed and taken", () => {
  fc.assert(
    fc.property(bounds, steps, (given, taken) => {
      const queue = createNotificationQueue(given);
      let expected: Notification[] = [];
      taken.forEach((step, at) => {
        if (step === "take") {
          const batch = queue.take();
          expect(batch.length).toBeLessThanOrEqual(given.maxBatch);
          expect(batch.length > 0).toBe(expected.length > 0);
          expect(batch).toEqual(expected.slice(0, batch.length));
          expected = expected.slice(batch.length);
        } else {
          const bytes = expected.reduce((sum, { body }) => sum + body.length, 0);
          const room = expected.length < given.maxMessages && bytes + step <= given.maxBytes;
          const added = notification(at, step);
          expect(queue.push(added)).toBe(room);
          if (room) expected.push(added);
        }
      });
    }),
    { numRuns: 2_000 },
  );
});

it("fills batches: what waits comes in as few as there can be", () => {
  const queue = createNotificationQueue({ maxMessages: 100, maxBytes: 100, maxBatch: 4 });
  for (let i = 0; i < 10; i++) queue.push(notification(i, 0));
  expect([queue.take(), queue.take(), queue.take(), queue.take()].map(({ length }) => length)).toEqual([4, 4, 2, 0]);
});
