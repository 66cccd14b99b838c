import { attributeCount, eventRow } from "../messages/event-message.ts";
import type { Json } from "../messages/json.ts";
import type { EventRow } from "../rows.ts";
import { pretty } from "./answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { isRecord } from "./request.ts";
import { parsePage, slicePage } from "./search/page.ts";
import { isEmpty } from "./search/terms.ts";
import { parseWindow, within } from "./search/window.ts";

const sortable: Readonly<Record<string, (row: EventRow) => number | string>> = {
  id: (row) => row.id,
  timestamp: (row) => row.timestamp,
  publish_timestamp: (row) => row.publishTimestamp,
  date: (row) => row.date,
  info: (row) => row.info,
};

/** The cheap version list: what a reconcile compares. */
function minimal(event: EventRow): Json {
  return {
    id: String(event.id),
    timestamp: String(event.timestamp),
    sighting_timestamp: String(event.sightingTimestamp),
    published: event.published,
    uuid: event.uuid,
    orgc_uuid: event.orgc.uuid,
  };
}

function listed(event: EventRow): Json {
  const { user_id, ...fields } = eventRow(event);
  const org = (row: EventRow["org"]) => ({ id: String(row.id), name: row.name, uuid: row.uuid });
  return {
    ...fields,
    Org: org(event.org),
    Orgc: org(event.orgc),
    EventTag: event.tags.map(({ id, tag, local }) => ({
      id: String(id),
      event_id: String(event.id),
      tag_id: String(tag.id),
      local,
      relationship_type: "",
      Tag: { id: String(tag.id), name: tag.name, colour: tag.colour, is_galaxy: false },
    })),
  };
}

/** `events/index`, `minimal:1` or in full. Here X-Result-Count is the true total (recorded). Deleted events are not in it. */
export const eventsIndex: Endpoint = (request, { model, view, now }) => {
  const filters: Json = { ...request.named, ...(isRecord(request.data) && request.data) };
  const isMinimal = !isEmpty(filters["minimal"]);
  // Recorded: a POST leaves out events without attributes, a GET does not.
  const withEmpty = request.method === "GET" || !isMinimal;
  const changed = parseWindow(filters["timestamp"], now);
  const publishedAt = parseWindow(filters["publish_timestamp"], now);
  const found: EventRow[] = [];
  for (const event of model.state.events) {
    if (!view.event(event) || (!withEmpty && attributeCount(event) === 0)) continue;
    if (within(changed, event.timestamp) && within(publishedAt, event.publishTimestamp)) found.push(event);
  }
  const sort = String(filters["sort"] ?? "id");
  const read = (Object.hasOwn(sortable, sort) ? sortable[sort] : undefined) ?? ((row: EventRow) => row.id);
  const sign = String(filters["direction"] ?? "asc").toLowerCase() === "desc" ? -1 : 1;
  found.sort((left, right) => {
    const [a, b] = [read(left), read(right)];
    return a === b ? left.id - right.id : (a < b ? -1 : 1) * sign;
  });
  const shown = slicePage(found, parsePage(filters));
  return pretty(
    shown.map((event) => (isMinimal ? minimal(event) : listed(event))),
    request.headers["user-agent"],
    { "X-Result-Count": String(found.length) },
  );
};
