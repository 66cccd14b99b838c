import type { DeadLetter, Outbox, OutboxChanges, OutboxEntry } from "@tb/misp-core";
import type { DurableWrites } from "./durable-writes.ts";
import { isUuid, timeKey, uuidKey } from "./keys.ts";
import { createOutboxReads, type OutboxDatabases, type OutboxReads } from "./outbox-reads.ts";
import { encodeLetter, encodeRow } from "./outbox-row.ts";

/** The outbox in the state folder. Disposing it waits for what is being written; the store closes the file. */
export interface LmdbOutbox extends Outbox, OutboxReads {}

/** Where a row is. Without `entry` or `letter`: as it lies on disk. */
type Place =
  | { readonly at: "waiting"; readonly dueAtMs: number; readonly entry?: OutboxEntry }
  | { readonly at: "dead"; readonly letter?: DeadLetter }
  | undefined;

interface Move {
  readonly before: Place;
  after: Place;
}

/**
 * The outbox beside the index, in one file. Index and outbox may commit at the same time: each writes to databases of its own,
 * decides from what it committed before, and puts a whole commit into one block of lmdb's queue, which no transaction divides.
 */
export function createLmdbOutbox(databases: OutboxDatabases, writes: DurableWrites): LmdbOutbox {
  const { due, dueByUuid, dead } = databases;
  const reads = createOutboxReads(databases);

  const count = () => ({ waiting: due.getCount(), dead: dead.getCount() });
  let counts = count();
  let isCommitting = false;
  /**
   * The rows that `earliest` read since the last commit. It is asked with every answer of MISP's, of which many come between two
   * commits, and for one row more each time: so twice as many are read as asked for. 10,000 sightings, 300 at a time, took 12 s of
   * reading without that, and 0.4 s with it.
   */
  let head: readonly OutboxEntry[] | undefined;

  const placeOf = (uuid: string): Place => {
    if (!isUuid(uuid)) return undefined;
    const key = uuidKey(uuid);
    const dueAtMs = dueByUuid.get(key);
    if (dueAtMs !== undefined) return { at: "waiting", dueAtMs };
    return dead.doesExist(key) ? { at: "dead" } : undefined;
  };

  const movesOf = ({ discard = [], put = [], postpone = [], bury = [], done = [] }: OutboxChanges) => {
    const moves = new Map<string, Move>();
    const moveOf = (uuid: string): Move => {
      const known = moves.get(uuid);
      if (known !== undefined) return known;
      const before = placeOf(uuid);
      const move: Move = { before, after: before };
      moves.set(uuid, move);
      return move;
    };
    const from = (at: "waiting" | "dead" | undefined, uuid: string, to: Place) => {
      const move = moveOf(uuid);
      if (move.after?.at === at) move.after = to;
    };
    for (const uuid of discard) from("dead", uuid, undefined);
    for (const entry of put) from(undefined, entry.row.uuid, waiting(entry));
    for (const entry of postpone) from("waiting", entry.row.uuid, waiting(entry));
    for (const letter of bury) from("waiting", letter.entry.row.uuid, { at: "dead", letter });
    for (const uuid of done) from("waiting", uuid, undefined);
    return [...moves].filter(([, { before, after }]) => before !== after);
  };

  const writeMove = (uuid: string, { before, after }: Move) => {
    const key = uuidKey(uuid);
    const wasDueAtMs = before?.at === "waiting" ? before.dueAtMs : undefined;
    const isDueAtMs = after?.at === "waiting" ? after.dueAtMs : undefined;
    if (wasDueAtMs !== isDueAtMs) {
      if (wasDueAtMs !== undefined) due.remove(timeKey(wasDueAtMs, uuid));
      if (isDueAtMs !== undefined) dueByUuid.put(key, isDueAtMs);
      else dueByUuid.remove(key);
    }
    if (before?.at === "dead" && after?.at !== "dead") dead.remove(key);
    if (after?.at === "waiting" && after.entry !== undefined)
      due.put(timeKey(after.dueAtMs, uuid), encodeRow(after.entry));
    if (after?.at === "dead" && after.letter !== undefined) dead.put(key, encodeLetter(after.letter));
  };

  const countedWith = (moves: readonly (readonly [string, Move])[]) => {
    const sum = { ...counts };
    for (const [, { before, after }] of moves) {
      if (before !== undefined) sum[before.at] -= 1;
      if (after !== undefined) sum[after.at] += 1;
    }
    return sum;
  };

  return {
    ...reads,
    async commit(changes) {
      if (isCommitting) throw new Error("the outbox has one writer, which waits for a commit before the next one");
      const moves = movesOf(changes);
      if (moves.length === 0) return;
      isCommitting = true;
      try {
        await writes.write(() => {
          for (const [uuid, move] of moves) writeMove(uuid, move);
        });
        counts = countedWith(moves);
      } finally {
        isCommitting = false;
        head = undefined;
      }
    },
    earliest(limit) {
      if (head === undefined || (head.length < limit && head.length < counts.waiting)) head = reads.earliest(2 * limit);
      return head.slice(0, limit);
    },
    counts: () => counts,
    [Symbol.asyncDispose]: () => writes.settled(),
  };
}

/** Throws for what no key can be made of, before anything is written. */
function waiting(entry: OutboxEntry): Place {
  const { dueAtMs, row } = entry;
  if (!isUuid(row.uuid)) throw new RangeError(`"${row.uuid}" is no UUID in lower case`);
  if (!(dueAtMs >= 0)) throw new RangeError(`row ${row.uuid} is due at ${dueAtMs}, which is no time since 1970`);
  return { at: "waiting", dueAtMs, entry };
}
