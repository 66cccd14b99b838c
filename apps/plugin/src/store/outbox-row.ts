import type { DeadLetter, OutboxEntry } from "@tb/misp-core";

/** Rows of the outbox as they lie on disk: arrays, and the uuid is in the key. Absent is null. A new field goes to the end. */
export type StoredRow = readonly unknown[];

export function encodeRow({ row, ...entry }: OutboxEntry): StoredRow {
  const { target } = row;
  return [
    "value" in target ? target.value : null,
    "value" in target ? null : target.attributeUuid,
    "value" in target ? null : (target.eventId ?? null),
    row.type,
    row.seenAt,
    row.source,
    entry.count,
    entry.acceptedAtMs,
    entry.dueAtMs,
    entry.failures,
    entry.strikes,
    entry.failedAtMs,
    entry.detail,
  ];
}

// The shape is what encodeRow wrote, as for the index's entries.
// biome-ignore lint/suspicious/noExplicitAny: positions in an array have no names to check
export function decodeRow(uuid: string, stored: any): OutboxEntry {
  const [value, attributeUuid, eventId, type, seenAt, source, count, acceptedAtMs, dueAtMs, ...failed] = stored;
  const [failures, strikes, failedAtMs, detail] = failed;
  const target = value === null ? { attributeUuid, ...(eventId === null ? {} : { eventId }) } : { value };
  return {
    row: { uuid, target, type, seenAt, source },
    count,
    acceptedAtMs,
    dueAtMs,
    failures,
    strikes,
    failedAtMs,
    detail,
  };
}

export function encodeLetter({ entry, reason, buriedAtMs }: DeadLetter): StoredRow {
  return [reason, buriedAtMs, encodeRow(entry)];
}

// biome-ignore lint/suspicious/noExplicitAny: see decodeRow
export function decodeLetter(uuid: string, [reason, buriedAtMs, row]: any): DeadLetter {
  return { entry: decodeRow(uuid, row), reason, buriedAtMs };
}
