import type { DeadLetter, Outbox, OutboxChanges, OutboxEntry } from "../contracts.ts";

/** The outbox's contract in memory. What goes in is copied. */
export function createMemoryOutbox(): Outbox {
  const waiting = new Map<string, OutboxEntry>();
  const dead = new Map<string, DeadLetter>();
  /** By `dueAtMs`, equal ones as they came. Kept sorted, so that tests with many thousands of rows stay fast. */
  const order: OutboxEntry[] = [];

  const remove = (uuid: string) => {
    const entry = waiting.get(uuid);
    if (entry === undefined) return;
    waiting.delete(uuid);
    order.splice(order.indexOf(entry), 1);
  };
  const insert = (entry: OutboxEntry) => {
    waiting.set(entry.row.uuid, entry);
    const before = order.findLastIndex(({ dueAtMs }) => dueAtMs <= entry.dueAtMs);
    order.splice(before + 1, 0, entry);
  };

  const apply = ({ discard = [], put = [], postpone = [], bury = [], done = [] }: OutboxChanges) => {
    for (const uuid of discard) dead.delete(uuid);
    for (const entry of put) if (!waiting.has(entry.row.uuid) && !dead.has(entry.row.uuid)) insert(entry);
    for (const entry of postpone) {
      if (!waiting.has(entry.row.uuid)) continue;
      remove(entry.row.uuid);
      insert(entry);
    }
    for (const letter of bury) {
      const { uuid } = letter.entry.row;
      if (!waiting.has(uuid)) continue;
      remove(uuid);
      dead.set(uuid, letter);
    }
    for (const uuid of done) remove(uuid);
  };

  return {
    async commit(changes) {
      apply(structuredClone(changes));
    },
    earliest: (limit) => order.slice(0, limit),
    holds: (uuid) => (waiting.has(uuid) ? "waiting" : dead.has(uuid) ? "dead" : undefined),
    counts: () => ({ waiting: waiting.size, dead: dead.size }),
    deadLetters: (afterUuid, limit) =>
      [...dead.keys()]
        .filter((uuid) => uuid > afterUuid)
        .sort()
        .slice(0, limit)
        .flatMap((uuid) => dead.get(uuid) ?? []),
    async [Symbol.asyncDispose]() {},
  };
}
