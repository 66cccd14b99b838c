import type { DeadLetter, Outbox, OutboxEntry } from "@tb/misp-core";
import type { Database, RootDatabase } from "lmdb";
import { isUuid, uuidKey, uuidOfKey, uuidOfTimeKey } from "./keys.ts";
import { decodeLetter, decodeRow, type StoredRow } from "./outbox-row.ts";

/** The outbox's databases. A file of an older program has none of them, and a program that does not know them leaves them alone. */
export interface OutboxDatabases {
  /** Waiting rows, by when they are due and uuid: what is sent next lies together. */
  readonly due: Database<StoredRow, Buffer>;
  /** When a waiting row is due, by its uuid. */
  readonly dueByUuid: Database<number, Buffer>;
  readonly dead: Database<StoredRow, Buffer>;
}

/** Opens them, and makes them where the file is open for writing; else undefined when they are not there. */
export function openOutboxDatabases(root: RootDatabase): OutboxDatabases | undefined {
  const databases: OutboxDatabases = {
    due: root.openDB({ name: "outbox", keyEncoding: "binary" }),
    dueByUuid: root.openDB({ name: "outbox-uuids", keyEncoding: "binary" }),
    dead: root.openDB({ name: "dead-letters", keyEncoding: "binary" }),
  };
  // lmdb's types do not say that a database may be missing; the program makes them one after the other.
  return Object.values(databases).includes(undefined as never) ? undefined : databases;
}

/** What can be asked of the outbox in the file: what its contract says, and a dead letter by its uuid. */
export interface OutboxReads extends Pick<Outbox, "earliest" | "holds" | "deadLetters"> {
  deadLetter(uuid: string): DeadLetter | undefined;
}

export function createOutboxReads({ due, dueByUuid, dead }: OutboxDatabases): OutboxReads {
  return {
    earliest: (limit): readonly OutboxEntry[] => [
      ...due.getRange({ limit }).map(({ key, value }) => decodeRow(uuidOfTimeKey(key), value)),
    ],
    holds(uuid) {
      if (!isUuid(uuid)) return undefined;
      const key = uuidKey(uuid);
      if (dueByUuid.doesExist(key)) return "waiting";
      return dead.doesExist(key) ? "dead" : undefined;
    },
    deadLetters: (afterUuid, limit) => [
      ...dead
        .getRange({ ...(afterUuid === "" ? {} : { start: uuidKey(afterUuid), exclusiveStart: true }), limit })
        .map(({ key, value }) => decodeLetter(uuidOfKey(key), value)),
    ],
    deadLetter(uuid) {
      const stored = isUuid(uuid) ? dead.get(uuidKey(uuid)) : undefined;
      return stored === undefined ? undefined : decodeLetter(uuid, stored);
    },
  };
}
