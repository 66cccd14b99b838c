import type { Json } from "../messages/json.ts";
import type { AttributeRow, Org } from "../rows.ts";
import { compact, internalError, refusal } from "./answer.ts";
import type { Endpoint, EndpointContext } from "./endpoint.ts";
import { maySight, maySync } from "./key.ts";
import { isRecord } from "./request.ts";
import { rowNamed } from "./search/find-rows.ts";
import { fitsColumn, parseDate, parseType, replacedBy, unwrap } from "./sighting-fields.ts";
import { noPermission } from "./sightings-add.ts";

interface Item {
  readonly uuid: string | undefined;
  readonly attribute: AttributeRow;
  readonly org: Org | undefined;
  readonly fields: Json;
}

const uuidShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** With `perm_sync` a sighting may be another organisation's, as far as the model knows it; else it is the caller's. */
function bookedOn({ model, key }: EndpointContext, fields: Json): Org | undefined {
  const own = model.state.orgs.get(key.orgId ?? 1);
  if (!maySync(key)) return own;
  const { orgs } = model.state;
  const given = isRecord(fields["Organisation"]) ? fields["Organisation"]["uuid"] : undefined;
  return [...orgs.values()].find(({ uuid }) => uuid === given) ?? orgs.get(Number(fields["org_id"])) ?? own;
}

/**
 * What is left of a batch after MISP's silent skipping: uuids that are known or came before in the batch (so of those
 * without one only the first), and attributes that are unknown, not seen or written in upper case.
 */
function readItems(context: EndpointContext, sent: readonly unknown[]): Item[] {
  const { model, view } = context;
  const seen = new Set<string | undefined>();
  return sent.flatMap((fields) => {
    if (!isRecord(fields)) return [];
    const uuid = typeof fields["uuid"] === "string" ? fields["uuid"] : undefined;
    if (seen.has(uuid) || (uuid !== undefined && model.state.uuids.has(uuid))) return [];
    seen.add(uuid);
    const attribute = model.state.attributesByUuid.get(String(fields["attribute_uuid"]));
    if (!attribute || !view.event(attribute.event) || !view.attribute(attribute)) return [];
    return [{ uuid, attribute, org: bookedOn(context, fields), fields }];
  });
}

function isValid({ uuid, fields }: Item): boolean {
  if (uuid !== undefined && !uuidShape.test(uuid)) return false;
  return parseDate(fields["date_sighting"]) !== undefined && parseType(fields["type"]) !== undefined;
}

/** The database compares uuids in any case, MISP's own check does not: a repeat in the other case fails there. */
function clashes({ model }: EndpointContext, uuid: string | undefined): boolean {
  const { uuids } = model.state;
  return uuid !== undefined && (uuids.has(uuid.toLowerCase()) || uuids.has(uuid.toUpperCase()));
}

/** `sightings/bulkSaveSightings/<event>`: one transaction. "No sightings added." means all known, or one was bad. */
export const sightingsBulk: Endpoint = (request, context) => {
  const { model, view, key, notifications } = context;
  if (!maySight(key) && !maySync(key)) return refusal(403, noPermission, request.url);
  const [wanted = ""] = request.parameters;
  const event = rowNamed(model.state.events, wanted);
  if (event === undefined || !view.event(event)) {
    return refusal(405, "Event not found or not accessible by this user.", request.url);
  }
  const data = unwrap(request.data);
  const sent = Array.isArray(data) ? data : isRecord(data) ? Object.values(data) : [];
  if (sent.some((item) => item !== null && typeof item !== "object")) return internalError(request.url);
  // Recorded: of three identical batches at the same time one is saved, and two wait for its rows and fail.
  if (sent.some((item) => isRecord(item) && context.unanswered.has(String(item["uuid"]))))
    return internalError(request.url);
  const items = readItems(context, sent);
  const nothing = compact({ saved: false, success: "No sightings added." });
  if (items.length === 0 || !items.every(isValid)) return nothing;

  const added: number[] = [];
  for (const { uuid, attribute, org, fields } of items) {
    const source = typeof fields["source"] === "string" ? fields["source"].trim() : "";
    // Recorded: the earlier expiration is gone although the batch failed.
    for (const old of org ? replacedBy(fields["type"], attribute, org) : []) {
      model.deleteSighting({ id: old.id, silent: true });
    }
    if (!fitsColumn(source) || clashes(context, uuid)) {
      // Recorded: what was saved before is rolled back, but its messages have gone out.
      for (const id of added) model.deleteSighting({ id, silent: true });
      return internalError(request.url);
    }
    const result = model.addSighting({
      attributeId: attribute.id,
      ...(uuid !== undefined && { uuid }),
      ...(org && { orgId: org.id }),
      type: Number(fields["type"]),
      source,
      date: parseDate(fields["date_sighting"]) ?? 0,
    });
    notifications.push(...result.notifications);
    added.push(result.id);
  }
  for (const { uuid } of items) if (uuid !== undefined) context.unanswered.add(uuid);
  return compact({ saved: true, success: `${added.length} sightings added.` });
};
