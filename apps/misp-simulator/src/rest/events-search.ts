import type { Json } from "../messages/json.ts";
import { eventPublished } from "../messages/publish-message.ts";
import type { EventRow } from "../rows.ts";
import { notFound, pretty, searchResult } from "./answer.ts";
import type { Endpoint, EndpointContext } from "./endpoint.ts";
import { readFilters } from "./filters.ts";
import { isRecord } from "./request.ts";
import { createSearchFilter } from "./search/filter.ts";
import { findEvents, rowNamed } from "./search/find-rows.ts";
import { parsePage, slicePage } from "./search/page.ts";
import { isEmpty } from "./search/terms.ts";

/** Left out of an answer with `metadata` (recorded). */
const contents = ["Attribute", "ShadowAttribute", "Object", "EventReport"];

function wholeEvent({ view }: EndpointContext, event: EventRow, withDeleted: boolean): Json {
  return eventPublished(event, (row) => view.attribute(row) && (withDeleted || !row.deleted));
}

/** `events/restSearch`. Unlike the attributes' its X-Result-Count is the number of all events that were found (recorded). */
export const eventsSearch: Endpoint = (request, context) => {
  const read = readFilters(request, context);
  if (!read.ok) return read.answer;
  const { filters } = read;
  const found = findEvents(context.model.state, context.view, createSearchFilter(filters, "events", context.now));
  const shown = slicePage(found, parsePage(filters));
  function* written() {
    for (const event of shown) {
      const whole = wholeEvent(context, event, !isEmpty(filters["deleted"]));
      if (isEmpty(filters["metadata"]) || !isRecord(whole["Event"])) yield whole;
      else
        yield {
          Event: Object.fromEntries(Object.entries(whole["Event"]).filter(([name]) => !contents.includes(name))),
        };
    }
  }
  return searchResult('{"response": [', written(), "]}", { "X-Result-Count": String(found.length) });
};

/** `events/view/<id or uuid>`. An event that is not seen does not exist. */
export const eventsView: Endpoint = (request, context) => {
  const [wanted = ""] = request.parameters;
  const event = rowNamed(context.model.state.events, wanted);
  if (event === undefined || !context.view.event(event)) return notFound(request.url, "Invalid event");
  return pretty(wholeEvent(context, event, false), request.headers["user-agent"]);
};
