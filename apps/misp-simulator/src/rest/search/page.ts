import type { Json } from "../../messages/json.ts";
import type { AttributeRow } from "../../rows.ts";

/** A page as MISP takes it: a limit of 0 or below is none, a page without a limit is ignored (both recorded). */
export interface Page {
  /** Infinity: everything. */
  readonly limit: number;
  readonly offset: number;
  /** The caller gave a limit, were it 0 or -1. */
  readonly given: number | undefined;
}

/** From `limit` and `page`; pages count from 1. */
export function parsePage(filters: Json): Page {
  const given = filters["limit"] === undefined || filters["limit"] === null ? undefined : Number(filters["limit"]);
  const limit = given !== undefined && given > 0 ? Math.floor(given) : Number.POSITIVE_INFINITY;
  const page = Math.max(1, Math.floor(Number(filters["page"] ?? 1)) || 1);
  return { limit, offset: limit === Number.POSITIVE_INFINITY ? 0 : (page - 1) * limit, given };
}

/** The page's rows. */
export function slicePage<Row>(rows: readonly Row[], page: Page): readonly Row[] {
  return page.limit === Number.POSITIVE_INFINITY ? rows : rows.slice(page.offset, page.offset + page.limit);
}

/**
 * MISP's X-Result-Count, never a total (recorded): the page's rows, one more when the page is full, 1 for an empty page,
 * and one more than everything for a limit of -1. Without a limit, or with 0, it is the rows.
 */
export function resultCount(page: Page, returned: number): number {
  if (page.given === undefined || page.given === 0) return returned;
  if (page.given < 0) return returned + 1;
  return returned === 0 || returned >= page.limit ? returned + 1 : returned;
}

/** What MISP sorts by. `Event.*` and anything unknown is ignored without a word (recorded). */
const sortable: Readonly<Record<string, (row: AttributeRow) => number | string>> = {
  id: (row) => row.id,
  timestamp: (row) => row.timestamp,
  event_id: (row) => row.event.id,
  object_id: (row) => row.object?.id ?? 0,
  type: (row) => row.type,
  category: (row) => row.category,
  value: (row) => row.value,
  distribution: (row) => row.distribution,
  object_relation: (row) => row.objectRelation ?? "",
};

/** Sorts the rows as `order` says; without one that MISP knows they stay as they are. */
export function sortRows(rows: AttributeRow[], order: unknown): void {
  const keys = (Array.isArray(order) ? order : String(order ?? "").split(",")).flatMap((text) => {
    const [, field = "", direction = "asc"] =
      /^(?:Attribute\.)?(\w+)(?:\s+(asc|desc))?$/i.exec(String(text).trim()) ?? [];
    const read = Object.hasOwn(sortable, field) ? sortable[field] : undefined;
    return read ? [{ read, sign: direction.toLowerCase() === "desc" ? -1 : 1 }] : [];
  });
  rows.sort((left, right) => {
    for (const { read, sign } of keys) {
      const [a, b] = [read(left), read(right)];
      if (a !== b) return (a < b ? -1 : 1) * sign;
    }
    return 0;
  });
}
