import type { DeadLetter, OutboxChanges, OutboxEntry } from "@tb/misp-core";
import type { OutboxReads } from "../store/outbox-reads.ts";

/** What is to be written, and a line for each row; or why nothing is. */
export type Change =
  | { readonly ok: true; readonly changes: OutboxChanges; readonly lines: readonly string[] }
  | { readonly ok: false; readonly text: string };

/** Puts dead letters back among the rows that wait, as if none had been tried. One that waits already is left as it is. */
export function retry(outbox: OutboxReads, uuids: readonly string[], nowMs: number): Change {
  const unknown = uuids.filter((uuid) => outbox.holds(uuid) === undefined);
  if (unknown.length > 0) return refuse(unknown);
  const letters = lettersOf(outbox, uuids);
  const put = letters.map(({ entry }): OutboxEntry => {
    return { ...entry, dueAtMs: nowMs, failures: 0, strikes: 0, failedAtMs: 0, detail: "" };
  });
  const dead = new Set(letters.map(({ entry }) => entry.row.uuid));
  return {
    ok: true,
    changes: { discard: [...dead], put },
    lines: uuids.map((uuid) => `${uuid}  ${dead.has(uuid) ? "is sent again" : "waits already"}`),
  };
}

/** Forgets dead letters. */
export function drop(outbox: OutboxReads, uuids: readonly string[]): Change {
  const others = uuids.filter((uuid) => outbox.holds(uuid) !== "dead");
  if (others.length > 0) return refuse(others);
  return { ok: true, changes: { discard: uuids }, lines: uuids.map((uuid) => `${uuid}  is dropped`) };
}

function lettersOf(outbox: OutboxReads, uuids: readonly string[]): readonly DeadLetter[] {
  return uuids.flatMap((uuid) => outbox.deadLetter(uuid) ?? []);
}

/** All or nothing: a mistyped uuid must not leave the others half done. */
function refuse(uuids: readonly string[]): Change {
  return { ok: false, text: `${sayNone(uuids)}; nothing was changed` };
}

export function sayNone(uuids: readonly string[]): string {
  return uuids.length === 1
    ? `there is no dead letter ${uuids[0]}`
    : `there are no dead letters ${uuids.slice(0, 5).join(", ")}${uuids.length > 5 ? ` and ${uuids.length - 5} more` : ""}`;
}
