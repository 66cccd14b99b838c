import type { OutboxChanges, OutboxEntry } from "@tb/misp-core";
import { exampleOutboxEntry } from "@tb/misp-core/testing";

/** So many rows there are, over and over: commits meet each other's rows. */
const rows = 24;

/** What the `number`-th commit writes: the same in every process, and several rows of every kind in most. */
export function outboxCommit(number: number): OutboxChanges {
  let state = (number * 2_654_435_761 + 1) >>> 0;
  const random = (below: number) => {
    // Numerical Recipes' generator; its high bits are the good ones.
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const some = <T>(most: number, make: () => T): readonly T[] => Array.from({ length: random(most + 1) }, make);
  const entry = (): OutboxEntry =>
    exampleOutboxEntry(random(rows), { failures: number, dueAtMs: random(6), detail: "x".repeat(random(400)) });
  const uuid = () => exampleOutboxEntry(random(rows)).row.uuid;
  // Each row's `failures` is the commit that wrote it, and every commit leaves one row at least.
  return {
    discard: some(4, uuid),
    put: [exampleOutboxEntry(rows + number), ...some(8, entry)],
    postpone: some(6, entry),
    bury: some(3, () => ({ entry: entry(), reason: "refused" as const, buriedAtMs: number })),
    done: some(3, uuid),
  };
}
