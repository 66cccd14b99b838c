import type { EventVersion, MispApi, Rows } from "@tb/misp-api";
import { type Change, decodeRow } from "@tb/misp-core";
import { readRowIds } from "./read-rows.ts";

/** How much is read and written at once. */
interface Portion {
  /** MISP brings 11,200 rows a second by 5,000, and 5,300 by 1,000 (measured). */
  readonly rowsPerRequest: number;
  /** What is live waits for one transaction at most. */
  readonly rowsPerCommit: number;
}
/** A transaction takes about as long to become durable with 100 rows as with thousands. */
const whole: Portion = { rowsPerRequest: 5_000, rowsPerCommit: 2_000 };
const small: Portion = { rowsPerRequest: 1_000, rowsPerCommit: 100 };
const idsPerRequest = 500;
/** Of an event that the index knows nothing of, as long as nothing is known of others. */
const firstGuess = 50;

/** Rows of some events, and with the last of them the events. */
export interface RowsPart {
  readonly changes: readonly Change[];
  /** How many rows it is made of, those that could not be read too. */
  readonly rows: number;
  /** Events of which everything has come. */
  readonly read: readonly ReadEvent[];
}

/** An event that was read from beginning to end. */
export interface ReadEvent {
  readonly version: EventVersion;
  /** Ids of its rows. */
  readonly ids: ReadonlySet<number>;
  /** A row had no id: that an attribute is not among `ids` means nothing. */
  readonly unsure: boolean;
}

export interface ReadOptions {
  /** Attributes of other types are left out; undefined: none are. */
  readonly types: readonly string[] | undefined;
  /** How many rows an event has, as far as the index knows. */
  readonly expectedRows: (eventId: number) => number;
  readonly onRefused: (reason: string, detail: string) => void;
  /** Something live comes in, and must not wait. */
  readonly isBusy: () => boolean;
  readonly signal: AbortSignal;
}

/**
 * Reads events in batches of about 5,000 rows, 1,000 beside live traffic, and asks for the next while those that came are worked on. The rows of each batch
 * come in parts that fit into one transaction; its events come with the last of them.
 */
export async function* readEvents(
  api: Pick<MispApi, "attributesOf">,
  events: readonly EventVersion[],
  options: ReadOptions,
): AsyncGenerator<RowsPart, void, undefined> {
  let changes: Change[] = [];
  let rows = 0;
  for await (const page of ahead(readPages(api, events, options))) {
    /** MISP reads an event once for a page. */
    const told = new Set<number>();
    for (const row of page.rows) {
      // What is left over at the end is never nothing, unless there were no rows at all.
      if (rows >= (options.isBusy() ? small : whole).rowsPerCommit) {
        yield { changes, rows, read: [] };
        changes = [];
        rows = 0;
      }
      rows += 1;
      const decoded = decodeRow(row, { requestedAtMs: page.requestedAtMs });
      if (decoded.ok) for (const change of decoded.changes) changes.push(withoutRepeat(change, told));
      else options.onRefused(decoded.reason, decoded.detail);
    }
    if (page.read === undefined) continue;
    yield { changes, rows, read: page.read };
    changes = [];
    rows = 0;
  }
}

/** Every row of an event says the same about it: to take it in once saves a third of the time and more (`pnpm bench:reconcile`). */
function withoutRepeat(change: Change, told: Set<number>): Change {
  if (change.kind !== "attribute") return change;
  if (told.has(change.eventId)) return { ...change, event: nothingNew };
  told.add(change.eventId);
  return change;
}

const nothingNew = {};

interface Page extends Rows {
  /** Set at the end of a batch. */
  readonly read?: readonly ReadEvent[];
}

async function* readPages(
  api: Pick<MispApi, "attributesOf">,
  events: readonly EventVersion[],
  { types, expectedRows, isBusy, signal }: ReadOptions,
): AsyncGenerator<Page, void, undefined> {
  let readRows = 0;
  for (let start = 0; start < events.length; ) {
    const average = start === 0 ? firstGuess : readRows / start;
    const { rowsPerRequest } = isBusy() ? small : whole;
    const batch: EventVersion[] = [];
    for (let expected = 0; expected < rowsPerRequest && batch.length < idsPerRequest; ) {
      const event = events[start + batch.length];
      if (event === undefined) break;
      batch.push(event);
      expected += Math.max(expectedRows(event.id), average);
    }
    start += batch.length;

    const idsByEvent = new Map(batch.map(({ id }) => [id, new Set<number>()]));
    let unsure = false;
    const wanted = [...idsByEvent.keys()];
    const options = { signal, pageSize: rowsPerRequest, ...(types === undefined ? {} : { types }) };
    for await (const page of api.attributesOf(wanted, options)) {
      readRows += page.rows.length;
      for (const row of page.rows) {
        const { id, eventId } = readRowIds(row);
        const ids = eventId === undefined ? undefined : idsByEvent.get(eventId);
        if (id === undefined || ids === undefined) unsure = true;
        else ids.add(id);
      }
      yield page;
    }
    const read = batch.map((version) => ({ version, ids: idsByEvent.get(version.id) ?? new Set<number>(), unsure }));
    yield { rows: [], requestedAtMs: 0, read };
  }
}

/** Asks for the next value while one is worked on. With more than one ahead, what is live waits longer (`pnpm bench:reconcile`). */
async function* ahead<T>(source: AsyncGenerator<T, void, undefined>) {
  const ask = () => {
    const next = source.next();
    // It may fail before anybody waits for it.
    next.catch(() => undefined);
    return next;
  };
  try {
    for (let next = ask(); ; ) {
      const result = await next;
      if (result.done === true) return;
      next = ask();
      yield result.value;
    }
  } finally {
    // Not awaited: it waits for the request under way, which the signal may end only later.
    source.return().catch(() => undefined);
  }
}
