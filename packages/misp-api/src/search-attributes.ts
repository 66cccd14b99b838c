import { isFields, readId } from "@tb/misp-core";
import { readInteger, readUuid } from "./read-fields.ts";
import type { RequestOptions, Send } from "./request.ts";
import { unexpected } from "./unexpected.ts";

/** Attributes as MISP's search returns them: `decodeRow` of `@tb/misp-core` reads them. */
export interface Rows {
  readonly rows: readonly unknown[];
  /** When they were asked for, in milliseconds since the epoch: that is when they count as observed. */
  readonly requestedAtMs: number;
}

/** One page of a search. */
export interface RowsPage extends Rows {
  /** MISP may have more: the page was full. `X-Result-Count` is never a total: limit + 1 on a full page, 1 on an empty one (recorded). */
  readonly more: boolean;
}

/** What is searched for: attributes of these events, of these types if any are named, or these attributes. */
export type Wanted =
  | { readonly eventIds: readonly number[]; readonly types?: readonly string[] | undefined }
  | { readonly uuids: readonly string[] };

export const searchPath = "/attributes/restSearch";

/**
 * One page of `POST /attributes/restSearch`: live and deleted rows with their whole context, all tags, in the order of their ids.
 * `wanted` must not be empty: to MISP that is no filter at all, and everything comes back (recorded).
 *
 * @param page from 1
 * @throws RangeError for an empty list, or an id or UUID that MISP would read as something else, such as "!3"
 */
export async function searchPage(
  send: Send,
  wanted: Wanted,
  { limit, page, ...options }: RequestOptions & { readonly limit: number; readonly page: number },
): Promise<RowsPage> {
  const answer = await send(searchPath, {
    ...options,
    body: {
      returnFormat: "json",
      ...toFilter(wanted),
      // Alone, 1 leaves out live rows, and rows that are deleted inside a live object (recorded).
      deleted: [0, 1],
      // Brings the event's timestamp, creator and own tags. `includeEventTags` would list each a second time, among the attribute's.
      includeContext: 1,
      includeAllTags: 1,
      // Without it the order differs between two pages (recorded).
      order: "Attribute.id asc",
      // `page` without `limit` is ignored, and a limit of 0 means everything (recorded).
      limit,
      page,
    },
  });
  const { body, headers, requestedAtMs } = answer;
  const response = isFields(body) ? body["response"] : undefined;
  const rows = isFields(response) ? response["Attribute"] : undefined;
  if (!Array.isArray(rows)) throw unexpected(searchPath, "there is no list of attributes in it", answer);
  if (rows.length > limit)
    throw unexpected(searchPath, `${rows.length} attributes, and ${limit} at most were asked for`);
  // What MISP takes out after it has counted to `limit` leaves a page short, or empty, though more follow.
  const skipped = readInteger(headers.get("x-skipped-elements-count")) ?? 0;
  const counted = readInteger(headers.get("x-result-count")) ?? 0;
  const more = rows.length + skipped >= limit || counted > limit;
  return { rows, more, requestedAtMs };
}

function toFilter(wanted: Wanted): object {
  if ("eventIds" in wanted) {
    if (wanted.eventIds.length === 0) throw new RangeError("a search for no event would return everything");
    for (const id of wanted.eventIds) if (readId(id) === undefined) throw new RangeError(`${id} is no event id`);
    return { eventid: wanted.eventIds, ...toTypeFilter(wanted.types) };
  }
  if (wanted.uuids.length === 0) throw new RangeError("a search for no attribute would return everything");
  return {
    // The column compares case-sensitively.
    uuid: wanted.uuids.map((text) => {
      const uuid = readUuid(text);
      if (uuid === undefined) throw new RangeError(`${JSON.stringify(text.slice(0, 60))} is no UUID`);
      return uuid;
    }),
  };
}

function toTypeFilter(types: readonly string[] | undefined): object {
  if (types === undefined) return {};
  if (types.length === 0) throw new RangeError("a search for no type would return every type");
  for (const type of types) {
    // A ! in front, a && or || in between and a % at the end have a meaning of their own.
    // A / is in sha512/224 and its like, a space in "named pipe".
    if (!/^\w[\w/ -]*(?:\|\w[\w/ -]*)?$/.test(type))
      throw new RangeError(`${JSON.stringify(type)} is no attribute type`);
  }
  return { type: types };
}
