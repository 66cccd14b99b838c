import { isFields, readId } from "@tb/misp-core";
import { MispApiError, type MispApiErrorCode } from "./misp-api-error.ts";
import type { RequestOptions, Send } from "./request.ts";
import { type Rows, type RowsPage, searchPage, searchPath } from "./search-attributes.ts";
import { unexpected } from "./unexpected.ts";

/** How a walk over the attributes of events goes. */
export interface WalkOptions extends RequestOptions {
  /** Rows asked for at once, at first. Measured: 11,200 rows/s with 5,000, 5,300 with 1,000. @default 5000 */
  readonly pageSize?: number;
  /** MISP's types of attributes, such as `ip-src|port`. Others stay out; none at all: nothing. @default all types */
  readonly types?: readonly string[];
}

/** What asking for less at once may help against: PHP at its memory or time limit answers 500, cuts the answer, or says nothing. */
const tooMuchAtOnce: ReadonlySet<MispApiErrorCode> = new Set(["timeout", "truncated", "too-large", "server-error"]);

/** In a row, without a page that came: by then a page is a sixteenth, and its size is not what is wrong. */
const maxHalvings = 4;

/** Pages in a row without a row that is new. MISP makes one when rows of earlier pages disappear meanwhile, or are held back. */
const maxFruitless = 20;

/**
 * All attributes of some events, page by page in the order of their ids; nothing for no events, without a request. A page that
 * fails in a way that its size may explain is asked for again in halves, from where it stood, before the walk fails. A row may
 * be missed when others are deleted meanwhile; that changes the event's version, so whoever compares versions reads it again.
 */
export async function* walkAttributes(
  send: Send,
  eventIds: readonly number[],
  { pageSize = 5_000, types, ...options }: WalkOptions = {},
): AsyncGenerator<Rows, void, undefined> {
  if (!Number.isInteger(pageSize) || pageSize < 1) {
    throw new RangeError(`pageSize is ${pageSize}, not a whole number from 1`);
  }
  const wanted = { eventIds: [...new Set(eventIds)], types };
  if (wanted.eventIds.length === 0 || types?.length === 0) return;
  let limit = pageSize;
  let offset = 0;
  let lastId = 0;
  let halvings = 0;
  let fruitless = 0;
  for (;;) {
    // Pages begin at multiples of their size: after a halving one may begin before `offset`, with rows that came already.
    const page = Math.floor(offset / limit) + 1;
    let found: RowsPage;
    try {
      found = await searchPage(send, wanted, { ...options, limit, page });
    } catch (error) {
      if (!isTooMuch(error) || limit === 1 || halvings === maxHalvings) throw error;
      halvings++;
      limit = Math.ceil(limit / 2);
      continue;
    }
    halvings = 0;
    const { rows, next } = takeNew(found, lastId);
    lastId = next;
    if (rows.length > 0) yield { rows, requestedAtMs: found.requestedAtMs };
    if (!found.more) return;
    fruitless = rows.length > 0 ? 0 : fruitless + 1;
    if (fruitless > maxFruitless) throw unexpected(searchPath, "pages without end that bring nothing new");
    offset = page * limit;
  }
}

function isTooMuch(error: unknown): boolean {
  if (!(error instanceof MispApiError) || !tooMuchAtOnce.has(error.code)) return false;
  // Who says 503, or when to come back, is busy or away: to ask again at once, for whatever size, is hammering.
  return error.status !== 503 && error.retryAtMs === undefined;
}

/** The rows of a page that did not come before. What has no id is left to whoever reads rows, and counts, to refuse. */
function takeNew(
  { rows, more }: RowsPage,
  lastId: number,
): { readonly rows: readonly unknown[]; readonly next: number } {
  const fresh: unknown[] = [];
  let previous = 0;
  for (const row of rows) {
    const id = isFields(row) ? readId(row["id"]) : undefined;
    if (id !== undefined && id <= previous && (more || lastId > 0)) {
      throw unexpected(searchPath, "a page that is not in the order of ids, without which pages cannot be told apart");
    }
    if (id === undefined || id > lastId) fresh.push(row);
    previous = id ?? previous;
  }
  return { rows: fresh, next: Math.max(lastId, previous) };
}
