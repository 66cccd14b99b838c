import { type Fields, isFields, type StixObject } from "@tb/misp-core";

/** The two kinds of objects that travel on a Threat Bus: the real one refuses every other. */
export type ObjectType = "indicator" | "sighting";

export type CheckedObject =
  | { readonly ok: true; readonly type: ObjectType; readonly object: StixObject }
  | { readonly ok: false; readonly detail: string };

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const nilUuid = "00000000-0000-0000-0000-000000000000";
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const times = ["created", "modified", "valid_from", "valid_until", "first_seen", "last_seen"];

/**
 * Whether an object of another app can be passed on: receivers parse with python-stix2, and one that does not parse there is lost
 * in the app's log. The pattern's grammar is not checked; whoever reads a pattern has to.
 *
 * What the real host drops too: no `spec_version`, the nil UUID, `valid_until` not after `valid_from`, an empty STIX pattern.
 */
export function checkObject(value: unknown): CheckedObject {
  if (!isFields(value)) return refuse("not an object");
  const { type, id } = value;
  if (type !== "indicator" && type !== "sighting") return refuse("neither an indicator nor a sighting");
  if (value["spec_version"] !== "2.1") return refuse('"spec_version" is not "2.1"');
  if (typeof id !== "string" || !id.startsWith(`${type}--`)) return refuse(`"id" does not begin with "${type}--"`);
  const idPart = id.slice(type.length + 2);
  if (!uuid.test(idPart) || idPart === nilUuid) return refuse('"id" has no UUID');
  for (const name of times) {
    const time = value[name];
    if (time === undefined) continue;
    if (typeof time !== "string" || !timestamp.test(time) || Number.isNaN(Date.parse(time))) {
      return refuse(`"${name}" is no time in UTC`);
    }
  }
  if (type === "indicator") {
    const problem = checkIndicator(value);
    if (problem !== undefined) return refuse(problem);
  }
  return { ok: true, type, object: value as StixObject };
}

function checkIndicator(value: Fields): string | undefined {
  const { pattern, pattern_type: patternType, valid_from: from, valid_until: until } = value;
  if (typeof pattern !== "string" || pattern === "") return '"pattern" is missing or empty';
  if (typeof patternType !== "string" || patternType === "") return '"pattern_type" is missing or empty';
  if (typeof from === "string" && typeof until === "string" && Date.parse(until) <= Date.parse(from)) {
    return '"valid_until" is not after "valid_from"';
  }
  return undefined;
}

function refuse(detail: string): CheckedObject {
  return { ok: false, detail };
}
