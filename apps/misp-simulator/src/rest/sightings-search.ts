import { sightingRow } from "../messages/attribute-message.ts";
import type { AttributeRow, EventRow, SightingRow } from "../rows.ts";
import { notFound, pretty, type RestAnswer, refusal, searchResult } from "./answer.ts";
import type { Endpoint, EndpointContext } from "./endpoint.ts";
import { readFilters } from "./filters.ts";
import { maySight } from "./key.ts";
import { isRecord } from "./request.ts";
import { rowNamed } from "./search/find-rows.ts";
import { exactly, isEmpty, parseTerms } from "./search/terms.ts";
import { parseWindow, within } from "./search/window.ts";
import { noPermission } from "./sightings-add.ts";

function* visible({ model, view }: EndpointContext, rows?: Iterable<SightingRow>): Generator<SightingRow> {
  for (const row of rows ?? model.state.sightings) {
    const { attribute, org } = row;
    if (view.event(attribute.event) && view.attribute(attribute) && view.sighting(org.id, attribute.event)) yield row;
  }
}

function* inEvent(event: EventRow | undefined): Generator<SightingRow> {
  for (const attribute of event?.attributes ?? []) yield* attribute.sightings;
}

/** The rows to search: those of one attribute or event when the path says which. */
function scope(
  { model }: EndpointContext,
  kind: string | undefined,
  id: unknown,
  uuid: unknown,
): Iterable<SightingRow> | undefined {
  const { attributes, attributesByUuid, events } = model.state;
  if (kind === "attribute") {
    const row: AttributeRow | undefined = isEmpty(id) ? attributesByUuid.get(String(uuid)) : attributes.get(Number(id));
    return row?.sightings ?? [];
  }
  if (kind !== "event") return undefined;
  return inEvent(isEmpty(id) ? [...events].find((row) => row.uuid === uuid) : events.get(Number(id)));
}

/**
 * `sightings/restSearch`, on its own or below `/attribute` or `/event`. `uuid` is the attribute's or the event's, never the sighting's.
 * Without a time only the latest 30 days are searched. X-Result-Count is 0 whatever comes (recorded).
 */
export const sightingsSearch: Endpoint = (request, context) => {
  const [kind] = request.parameters;
  const read = readFilters({ ...request, parameters: [] }, context);
  if (!read.ok) return read.answer;
  const { filters } = read;
  const bad = (message: string): RestAnswer => refusal(400, message, request.url);
  // Recorded: only a JSON integer will do, "6" is refused.
  if (!isEmpty(filters["id"]) && typeof filters["id"] !== "number")
    return bad(`Invalid ID \`${filters["id"]}\` provided.`);
  if (kind !== undefined && isEmpty(filters["id"]) && isEmpty(filters["uuid"])) {
    return bad("An ID or UUID must be provided if the context is set.");
  }
  const { now } = context;
  const since = parseWindow(filters["from"], now);
  const until = parseWindow(filters["to"], now);
  const timeGiven = since !== undefined || until !== undefined;
  const window = timeGiven ? undefined : parseWindow(filters["last"] ?? "30d", now);
  const [types, orgs, sources] = [
    // Type 0 is a type here, not an absent filter.
    exactly(filters["type"] === undefined ? undefined : { or: [filters["type"]].flat().map(String), and: [], not: [] }),
    exactly(/^\d+$/.test(String(filters["org_id"])) ? undefined : parseTerms(filters["org_id"])),
    exactly(parseTerms(filters["source"])),
  ];
  function* written() {
    for (const row of visible(context, scope(context, kind, filters["id"], filters["uuid"]))) {
      if (!types(String(row.type)) || !orgs(row.org.uuid) || !sources(row.source)) continue;
      if (row.date < (since?.from ?? 0) || row.date > (until?.from ?? Number.POSITIVE_INFINITY)) continue;
      if (!within(window, row.date)) continue;
      yield {
        Sighting: {
          ...sightingRow(row),
          value: row.attribute.value,
          ...(!isEmpty(filters["includeUuid"]) && {
            attribute_uuid: row.attribute.uuid,
            event_uuid: row.attribute.event.uuid,
          }),
          Organisation: { id: String(row.org.id), uuid: row.org.uuid, name: row.org.name },
        },
      };
    }
  }
  return searchResult('{"response": [', written(), "]}", { "X-Result-Count": "0" });
};

/** `sightings/listSightings` with `id` and `context`. */
export const sightingsList: Endpoint = (request, context) => {
  const data = isRecord(request.data) ? request.data : {};
  const rows = scope(context, String(data["context"] ?? "attribute"), request.parameters[0] ?? data["id"], undefined);
  return pretty(
    [...visible(context, rows)].map((row) => ({
      Sighting: sightingRow(row),
      Organisation: { name: row.org.name },
    })),
    request.headers["user-agent"],
  );
};

/** `sightings/delete/<id or uuid>`: one's own organisation's, or any for a site admin. */
export const sightingsDelete: Endpoint = (request, context) => {
  const { model, key, notifications } = context;
  if (!maySight(key)) return refusal(403, noPermission, request.url);
  const [wanted = ""] = request.parameters;
  const sighting = rowNamed(model.state.sightings, wanted);
  if (!sighting || (key.role !== "site-admin" && sighting.org.id !== (key.orgId ?? 1))) {
    return notFound(request.url, "Invalid sighting.");
  }
  notifications.push(...model.deleteSighting({ id: sighting.id }).notifications);
  const done = "Sighting successfully deleted.";
  return pretty(
    { saved: true, success: true, name: done, message: done, url: request.url, id: String(sighting.id) },
    request.headers["user-agent"],
  );
};
