import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { DeadLetter, Outbox, OutboxChanges, OutboxEntry } from "../contracts.ts";
import { createMemoryOutbox } from "./memory-outbox.ts";
import { runs } from "./thorough.ts";

/** How the suite gets at an implementation. */
export interface OutboxHarness {
  readonly outbox: Outbox;
  /** Closes the outbox and opens what it left; undefined when it leaves nothing. */
  reopen?(): Promise<Outbox>;
  dispose(): Promise<void>;
}

/** An entry with the given number as the end of its uuid. */
export function exampleOutboxEntry(number: number, part: Partial<OutboxEntry> = {}): OutboxEntry {
  return {
    row: {
      uuid: `7b006f11-8c6e-45a6-b80a-${number.toString(16).padStart(12, "0")}`,
      target: { attributeUuid: "4f7a0d01-0de8-4511-bf01-5b26d65c240c", eventId: 1 },
      type: 0,
      seenAt: 1_795_495_676,
      source: "threatbus",
    },
    count: 1,
    acceptedAtMs: 1_795_495_677_001,
    dueAtMs: 1_795_495_677_001,
    failures: 0,
    strikes: 0,
    failedAtMs: 0,
    detail: "",
    ...part,
  };
}

const letter = (entry: OutboxEntry): DeadLetter => ({ entry, reason: "refused", buriedAtMs: 12 });
const uuidOf = (entry: OutboxEntry) => entry.row.uuid;

/** Everything that an outbox shows of a small world. Rows that are due at the same time come in any order. */
function observe(outbox: Outbox): unknown {
  const all = outbox.earliest(100);
  return {
    counts: outbox.counts(),
    times: all.map(({ dueAtMs }) => dueAtMs),
    waiting: [...all].sort((a, b) => (uuidOf(a) < uuidOf(b) ? -1 : 1)),
    holds: Array.from({ length: 8 }, (_, number) => outbox.holds(uuidOf(exampleOutboxEntry(number)))),
    dead: outbox.deadLetters("", 100),
  };
}

/** The suite that every {@link Outbox} runs. */
export function describeOutbox(name: string, makeHarness: () => Promise<OutboxHarness>): void {
  describe(`${name} keeps the contract of an outbox`, () => {
    const open: OutboxHarness[] = [];
    const make = async () => {
      const harness = await makeHarness();
      open.push(harness);
      return harness;
    };
    afterEach(async () => {
      for (const harness of open.splice(0)) await harness.dispose();
    });

    it("is empty at first", async () => {
      const { outbox } = await make();
      expect(outbox.earliest(10)).toEqual([]);
      expect(outbox.counts()).toEqual({ waiting: 0, dead: 0 });
      expect(outbox.deadLetters("", 10)).toEqual([]);
      expect(outbox.holds(uuidOf(exampleOutboxEntry(1)))).toBeUndefined();
    });

    it("gives rows back exactly: what is absent stays absent", async () => {
      const { outbox } = await make();
      const row = exampleOutboxEntry(1).row;
      const entries = [
        exampleOutboxEntry(1, { count: 7, failures: 3, strikes: 2, failedAtMs: 5, detail: "“503”\n" }),
        exampleOutboxEntry(2, { row: { ...row, uuid: uuidOf(exampleOutboxEntry(2)), target: { value: "a|ü" } } }),
        exampleOutboxEntry(3, {
          row: {
            ...row,
            uuid: uuidOf(exampleOutboxEntry(3)),
            type: 2,
            source: "",
            target: { attributeUuid: "4f7a0d01-0de8-4511-bf01-5b26d65c240c" },
          },
        }),
      ];
      await outbox.commit({ put: entries });
      expect([...outbox.earliest(10)].sort((a, b) => (uuidOf(a) < uuidOf(b) ? -1 : 1))).toStrictEqual(entries);
    });

    it("gives what is due first first, due or not, and no more than asked for", async () => {
      const { outbox } = await make();
      const dueAt = [30, 0, 1_795_495_677_001, 20, 9];
      await outbox.commit({ put: dueAt.map((dueAtMs, number) => exampleOutboxEntry(number, { dueAtMs })) });
      expect(outbox.earliest(10).map(({ dueAtMs }) => dueAtMs)).toEqual([0, 9, 20, 30, 1_795_495_677_001]);
      expect(outbox.earliest(2).map(({ dueAtMs }) => dueAtMs)).toEqual([0, 9]);
      expect(outbox.earliest(0)).toEqual([]);
    });

    it("leaves a row as it is when the same one is put again, also among the dead letters", async () => {
      const { outbox } = await make();
      await outbox.commit({ put: [exampleOutboxEntry(1, { failures: 3 }), exampleOutboxEntry(2)] });
      await outbox.commit({ bury: [letter(exampleOutboxEntry(2))] });
      await outbox.commit({ put: [exampleOutboxEntry(1), exampleOutboxEntry(2), exampleOutboxEntry(2)] });
      expect(outbox.earliest(10)).toStrictEqual([exampleOutboxEntry(1, { failures: 3 })]);
      expect(outbox.holds(uuidOf(exampleOutboxEntry(2)))).toBe("dead");
    });

    it("replaces a row that waits, and brings none back that does not", async () => {
      const { outbox } = await make();
      await outbox.commit({ put: [exampleOutboxEntry(1, { dueAtMs: 5 }), exampleOutboxEntry(2, { dueAtMs: 6 })] });
      const later = exampleOutboxEntry(1, { dueAtMs: 7, failures: 1, detail: "HTTP 503" });
      await outbox.commit({ postpone: [later, exampleOutboxEntry(3)] });
      expect(outbox.earliest(10)).toStrictEqual([exampleOutboxEntry(2, { dueAtMs: 6 }), later]);
      await outbox.commit({ done: [uuidOf(later)] });
      await outbox.commit({ postpone: [later], bury: [letter(later)] });
      expect(outbox.counts()).toEqual({ waiting: 1, dead: 0 });
    });

    it("moves rows to the dead letters with the reason, and lists them in the order of their uuids", async () => {
      const { outbox } = await make();
      const entries = [3, 1, 2].map((number) => exampleOutboxEntry(number));
      await outbox.commit({ put: entries });
      await outbox.commit({ bury: entries.map(letter) });
      const sorted = [1, 2, 3].map((number) => letter(exampleOutboxEntry(number)));
      expect(outbox.deadLetters("", 10)).toStrictEqual(sorted);
      expect(outbox.deadLetters(uuidOf(exampleOutboxEntry(1)), 1)).toStrictEqual([sorted[1]]);
      await outbox.commit({ done: entries.map(uuidOf) });
      expect(outbox.counts()).toEqual({ waiting: 0, dead: 3 });
      expect(outbox.earliest(10)).toEqual([]);
    });

    it("forgets a dead letter, and tries it again in one transaction", async () => {
      const { outbox } = await make();
      const [first, second] = [exampleOutboxEntry(1), exampleOutboxEntry(2)];
      await outbox.commit({ put: [first, second] });
      await outbox.commit({ bury: [letter(first), letter(second)] });
      await outbox.commit({ discard: [uuidOf(first), uuidOf(second)], put: [second] });
      expect(outbox.counts()).toEqual({ waiting: 1, dead: 0 });
      expect(outbox.earliest(10)).toStrictEqual([second]);
    });

    it("puts one row in the place of several in one transaction", async () => {
      const { outbox } = await make();
      await outbox.commit({ put: [1, 2, 3].map((number) => exampleOutboxEntry(number)) });
      const one = exampleOutboxEntry(4, { count: 3 });
      await outbox.commit({ put: [one], done: [1, 2, 3].map((number) => uuidOf(exampleOutboxEntry(number))) });
      expect(outbox.earliest(10)).toStrictEqual([one]);
    });

    it("is not changed by what happens to the objects that went in", async () => {
      const { outbox } = await make();
      const entry = structuredClone(exampleOutboxEntry(1));
      const committed = outbox.commit({ put: [entry] });
      Object.assign(entry.row, { source: "changed" });
      await committed;
      expect(outbox.earliest(1)).toStrictEqual([exampleOutboxEntry(1)]);
    });

    it("is the same after it was closed and opened", async () => {
      const { outbox, reopen } = await make();
      if (reopen === undefined) return;
      await outbox.commit({ put: [1, 2, 3].map((number) => exampleOutboxEntry(number, { dueAtMs: 9 - number })) });
      await outbox.commit({ bury: [letter(exampleOutboxEntry(2))], done: [uuidOf(exampleOutboxEntry(3))] });
      const before = observe(outbox);
      expect(observe(await reopen())).toStrictEqual(before);
    });

    it("shows what the outbox in memory shows, whatever is written", async () => {
      const number = fc.integer({ min: 0, max: 7 });
      const entry = fc
        .record({ number, dueAtMs: fc.integer({ min: 0, max: 4 }), failures: fc.nat({ max: 3 }) })
        .map(({ number: of, ...part }) => exampleOutboxEntry(of, part));
      const uuid = number.map((of) => uuidOf(exampleOutboxEntry(of)));
      const few = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 3 });
      const changes: fc.Arbitrary<OutboxChanges> = fc.record(
        { discard: few(uuid), put: few(entry), postpone: few(entry), bury: few(entry.map(letter)), done: few(uuid) },
        { requiredKeys: [] },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(changes, { maxLength: 8 }), async (all) => {
          const harness = await makeHarness();
          try {
            const model = createMemoryOutbox();
            let outbox = harness.outbox;
            for (const some of all) {
              await outbox.commit(some);
              await model.commit(some);
              expect(observe(outbox)).toStrictEqual(observe(model));
            }
            if (harness.reopen !== undefined) outbox = await harness.reopen();
            expect(observe(outbox)).toStrictEqual(observe(model));
          } finally {
            await harness.dispose();
          }
        }),
        { numRuns: runs(100) },
      );
    });
  });
}
