import { sightingRow } from "../messages/attribute-message.ts";
import type { AttributeRow } from "../rows.ts";
import { compact, internalError, pretty, type RestAnswer, refusal } from "./answer.ts";
import type { Endpoint, EndpointContext } from "./endpoint.ts";
import { maySight } from "./key.ts";
import { isRecord, type ParsedRequest } from "./request.ts";
import { hasValue } from "./search/filter.ts";
import { isEmpty } from "./search/terms.ts";
import { fitsColumn, parseDate, parseType, replacedBy, unwrap } from "./sighting-fields.ts";

/** MISP's refusal of what the role does not allow. */
export const noPermission = "You do not have permission to use this functionality.";

/** Recorded for GET and PUT: a 200 that saves nothing. */
const description = {
  name: "/sightings/add API description",
  description:
    "POST a simplified sighting object in JSON format to this API to add a or a list of sightings. Pass either value(s) or attribute IDs (can be uuids) to identify the target sightings.",
  mandatory_fields: { OR: ["values", "id"] },
  optional_fields: ["type", "source", "timestamp", "date", "time", "filters"],
  url: "/sightings/add",
};

/** A refusal in MISP's manner: 200, and no `Sighting` in it. */
function business({ isAjax }: ParsedRequest, reason: string): RestAnswer {
  const text = `Could not add the Sighting. Reason: ${reason}`;
  return compact(isAjax ? { saved: false, errors: text } : { message: text });
}

/** A uuid is compared as it is; anything else becomes a number in the database, so `7b22…` is attribute 7. */
function named({ model }: EndpointContext, id: string): AttributeRow[] {
  if (id.length === 36) {
    const row = model.state.attributesByUuid.get(id);
    return row ? [row] : [];
  }
  const ids = id.includes("|") ? id.split("|").filter((part) => /^\d+$/.test(part)) : [id];
  return ids.flatMap((part) => model.state.attributes.get(Number.parseInt(part, 10)) ?? []);
}

/** Every attribute with this value, in any event. */
function valued({ model }: EndpointContext, values: readonly string[]): AttributeRow[] {
  const terms = { or: values, and: [], not: [] };
  return [...model.state.attributes].filter((row) => hasValue(terms, row)).sort((left, right) => left.id - right.id);
}

/** `sightings/add`. Deleted attributes can be sighted; whether one is seen is checked. Repeats make further rows. */
export const sightingsAdd: Endpoint = (request, context) => {
  const { model, view, key, now, notifications } = context;
  if (!maySight(key)) return refusal(403, noPermission, request.url);
  if (request.method !== "POST") return pretty(description, request.headers["user-agent"]);
  const unwrapped = unwrap(request.data);
  const data = isRecord(unwrapped) ? unwrapped : {};

  const type = parseType(data["type"] ?? 0);
  if (type === undefined) return business(request, "Invalid type, please change it before you POST 1000000 sightings.");
  const id = request.parameters[0] ?? (isEmpty(data["uuid"]) ? data["id"] : data["uuid"]);
  const values = [isEmpty(data["values"]) ? (data["value"] ?? []) : data["values"]].flat().map(String);
  if (isEmpty(id) && values.length === 0) return business(request, "No valid attributes found.");
  const rows = (isEmpty(id) ? valued(context, values) : named(context, String(id))).filter(
    (row) => view.event(row.event) && view.attribute(row),
  );
  if (rows.length === 0) return business(request, "No valid attributes found that match the criteria.");

  let date = isEmpty(data["timestamp"]) ? now : parseDate(data["timestamp"]);
  if (!isEmpty(data["date"]) && !isEmpty(data["time"])) {
    date = Math.floor(Date.parse(`${data["date"]}T${data["time"]}Z`) / 1000);
    if (Number.isNaN(date)) return internalError(request.url);
  }
  if (date === undefined) return business(request, '{"date_sighting":["This field cannot be left blank"]}');
  const source = String(data["source"] ?? "").trim();
  if (!fitsColumn(source)) return internalError(request.url);

  const orgId = key.orgId ?? 1;
  let last = 0;
  for (const row of rows) {
    const org = model.state.orgs.get(orgId);
    for (const old of org ? replacedBy(data["type"], row, org) : []) model.deleteSighting({ id: old.id, silent: true });
    const added = model.addSighting({ attributeId: row.id, orgId, type, source, date });
    notifications.push(...added.notifications);
    last = added.id;
  }
  if (request.isAjax) {
    const noun = rows.length === 1 ? "sighting" : "sightings";
    return compact({ saved: true, success: `${rows.length} ${noun}  added.` });
  }
  const sighting = model.state.sightings.get(last);
  return pretty({ Sighting: sighting && sightingRow(sighting) }, request.headers["user-agent"]);
};
