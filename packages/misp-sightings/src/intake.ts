import {
  type Bus,
  type Outbox,
  type OutboxEntry,
  parseSighting,
  type SightingDelivery,
  type SightingRow,
} from "@tb/misp-core";
import type { Bell } from "./bell.ts";
import type { Clock } from "./clock.ts";
import { type MappingOptions, mapSighting, type SightingIndex } from "./map-sighting.ts";
import type { Report } from "./report.ts";
import type { Writer } from "./writer.ts";

export interface IntakeOptions {
  readonly outbox: Outbox;
  readonly writer: Writer;
  readonly index: SightingIndex;
  readonly mapping: MappingOptions;
  readonly clock: Clock;
  readonly report: Report;
  /** Rows in the outbox from which on reading stops. */
  readonly maxWaiting: number;
  /** Rung when rows have left the outbox. */
  readonly room: Bell;
  /** Rows were put into the outbox. */
  readonly onPut: () => void;
}

/** Rows that may be on their way into the outbox: enough for one commit to carry many, few enough to need no memory. */
const maxUnwritten = 1_000;

/** Takes sightings from a bus into the outbox, and acknowledges each when it is safe there. */
export function createIntake(
  options: IntakeOptions,
): (bus: Pick<Bus, "sightings">, signal: AbortSignal) => Promise<void> {
  const { outbox, writer, index, mapping, clock, report, maxWaiting, room: changed, onPut } = options;
  let unwritten = 0;
  let full = false;

  const put = async (rows: readonly SightingRow[], lost: number, ack: () => void) => {
    const known = rows.filter(({ uuid }) => outbox.holds(uuid) !== undefined).length;
    const acceptedAtMs = clock.now();
    unwritten += rows.length;
    try {
      await writer.write({ put: rows.map((row) => freshEntry(row, acceptedAtMs)) });
    } finally {
      unwritten -= rows.length;
      changed.ring();
    }
    ack();
    report({ kind: "accepted", rows: rows.length, known, lost });
    onPut();
  };

  /** Undefined: there is nothing to write, and so nothing to wait for. */
  const take = ({ sighting, ack }: SightingDelivery): Promise<void> | undefined => {
    const parsed = parseSighting(sighting);
    if (!parsed.ok) {
      ack();
      report({ kind: "refused", reason: parsed.reason, detail: parsed.detail });
      return undefined;
    }
    const mapped = mapSighting(parsed.sighting, mapping, index);
    if (!mapped.ok) {
      ack();
      report({ kind: "dropped", reason: mapped.reason, detail: mapped.detail });
      return undefined;
    }
    return put(mapped.rows, mapped.lost, ack);
  };

  const sayWhether = (nowFull: boolean, waiting: number) => {
    if (nowFull === full) return;
    full = nowFull;
    const detail = full ? `${waiting} rows wait for MISP: no more sightings are read` : "sightings are read again";
    report({ kind: "state", state: full ? "full" : "reading", detail });
  };

  const waitForRoom = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      const { waiting } = outbox.counts();
      // For a moment a row counts twice, in the outbox and as unwritten: only the outbox itself says that it is full.
      const room = maxWaiting - waiting - unwritten > 0;
      if (room || waiting >= maxWaiting) sayWhether(!room, waiting);
      if (room && unwritten < maxUnwritten) return;
      await changed.next();
    }
  };

  return async (bus, signal) => {
    const writes = new Set<Promise<void>>();
    let failure: { readonly error: unknown } | undefined;
    // Our own, since a write can fail while the bus has nothing: reading has to end then, too.
    const reading = new AbortController();
    const stop = () => {
      reading.abort();
      changed.ring();
    };
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    const track = (write: Promise<void>) => {
      const settled: Promise<void> = write
        .catch((error: unknown) => {
          failure ??= { error };
          stop();
        })
        .finally(() => writes.delete(settled));
      writes.add(settled);
    };
    try {
      for await (const delivery of bus.sightings({ signal: reading.signal })) {
        const write = take(delivery);
        if (write !== undefined) track(write);
        await waitForRoom(reading.signal);
        if (reading.signal.aborted) break;
      }
    } finally {
      signal.removeEventListener("abort", stop);
      await Promise.all(writes);
    }
    if (failure !== undefined) throw failure.error;
  };
}

function freshEntry(row: SightingRow, acceptedAtMs: number): OutboxEntry {
  return {
    row,
    count: 1,
    acceptedAtMs,
    dueAtMs: acceptedAtMs,
    failures: 0,
    strikes: 0,
    failedAtMs: 0,
    detail: "",
  };
}
