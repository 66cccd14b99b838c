import { isFields, readId, readOptionalBoolean } from "@tb/misp-core";
import { readInteger, readTime, readUuid } from "./read-fields.ts";
import type { RequestOptions, Send } from "./request.ts";
import { unexpected } from "./unexpected.ts";

/**
 * An event as the index shows it. `timestamp` and `published` together are its version, to be compared for difference: whatever a
 * user does to its attributes, objects and global tags sets both, and they can go back (recorded).
 */
export interface EventVersion {
  readonly id: number;
  readonly uuid: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly published: boolean;
  /** The organisation that created it. */
  readonly orgUuid: string | undefined;
}

const rowsPerTurn = 10_000;

export interface EventIndex {
  /**
   * Without protected ones whose key is another instance's, though a search for attributes still brings those (read in MISP's
   * `EventsController`). So an event that is missing here is gone only if `attributesOf` finds nothing of it either.
   */
  readonly events: readonly EventVersion[];
  /** Entries that could not be read. Above 0, that an event is not among `events` means nothing. */
  readonly unreadable: number;
  /** When the list was asked for, in milliseconds since the epoch. */
  readonly requestedAtMs: number;
  /** MISP's own clock, from the answer's `Date`, in whole seconds as milliseconds since the epoch; undefined when it is missing. */
  readonly serverTimeMs: number | undefined;
}

/**
 * `GET /events/index/minimal:1`: every event that the key can see, thousands in 0.1 s, without the deleted ones. By POST, MISP
 * leaves out events without attributes (recorded).
 */
export async function readEventIndex(send: Send, options: RequestOptions | undefined): Promise<EventIndex> {
  const path = "/events/index/minimal:1";
  const answer = await send(path, options);
  const { body, headers, requestedAtMs } = answer;
  if (!Array.isArray(body)) throw unexpected(path, "it is no list of events", answer);
  const events: EventVersion[] = [];
  for (const [i, row] of body.entries()) {
    const event = readEvent(row);
    if (event !== undefined) events.push(event);
    // 100,000 take 30 ms, right after as many were parsed in 100 ms: whoever waits for the loop comes in between.
    if (i % rowsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    events,
    unreadable: body.length - events.length,
    requestedAtMs,
    serverTimeMs: readTime(headers.get("date")),
  };
}

function readEvent(row: unknown): EventVersion | undefined {
  if (!isFields(row)) return undefined;
  const id = readId(row["id"]);
  const uuid = readUuid(row["uuid"]);
  const timestamp = readInteger(row["timestamp"]);
  const published = readOptionalBoolean(row["published"]);
  if (id === undefined || uuid === undefined || timestamp === undefined || published === undefined) return undefined;
  return { id, uuid, timestamp, published, orgUuid: readUuid(row["orgc_uuid"]) };
}
