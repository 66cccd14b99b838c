import { type Change, decodeRow, isFields, readId } from "@tb/misp-core";

/** Whose a row is, also when nothing else of it can be read. */
export interface RowIds {
  readonly id: number | undefined;
  readonly eventId: number | undefined;
}

export function readRowIds(row: unknown): RowIds {
  const fields = isFields(row) ? row : {};
  return { id: readId(fields["id"]), eventId: readId(fields["event_id"]) };
}

/** What rows say; those that cannot be read are told and left out. */
export function readRows(
  rows: readonly unknown[],
  requestedAtMs: number,
  onRefused: (reason: string, detail: string) => void,
): Change[] {
  const changes: Change[] = [];
  for (const row of rows) {
    const decoded = decodeRow(row, { requestedAtMs });
    if (decoded.ok) changes.push(...decoded.changes);
    else onRefused(decoded.reason, decoded.detail);
  }
  return changes;
}
