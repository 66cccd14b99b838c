import type { AttributeContent, Tag } from "./change.ts";
import {
  excerpt,
  type Fields,
  Refusal,
  readBoolean,
  readTag,
  readText,
  requireId,
  requireTimestamp,
  requireUuid,
} from "./decode-fields.ts";
import { readDistribution, readObjectDistribution } from "./distribution.ts";

/** Which attribute a message or row is about. */
export interface AttributeIdentity {
  readonly attributeId: number;
  readonly eventId: number;
  readonly uuid: string;
}

export function readIdentity(attribute: Fields): AttributeIdentity {
  return {
    attributeId: requireId(attribute["id"], "Attribute.id"),
    eventId: requireId(attribute["event_id"], "Attribute.event_id"),
    uuid: requireUuid(attribute["uuid"], "Attribute.uuid"),
  };
}

/** @param object what stands beside the attribute in a message, and in it in a row; absent when it is in none */
export function readContent(attribute: Fields, object: unknown): AttributeContent {
  const type = readText(attribute["type"]);
  if (type === undefined || type === "") {
    throw new Refusal("invalid_type", `Attribute.type is ${excerpt(attribute["type"])}, not a name`);
  }
  const content: { -readonly [Key in keyof AttributeContent]: AttributeContent[Key] } = {
    type,
    value: readValue(attribute),
    category: readText(attribute["category"]) ?? "",
    comment: readText(attribute["comment"]) ?? "",
    toIds: readBoolean(attribute["to_ids"]),
    deleted: readBoolean(attribute["deleted"]),
    timestamp: requireTimestamp(attribute["timestamp"], "Attribute.timestamp"),
  };
  const distribution = readDistribution(attribute["distribution"]);
  const objectDistribution = readObjectDistribution(attribute["object_id"], object);
  if (distribution !== undefined) content.distribution = distribution;
  if (objectDistribution !== undefined) content.objectDistribution = objectDistribution;
  return content;
}

/** `value`, which MISP composes; where it is missing, value1 and value2 are what it is composed of. */
function readValue(attribute: Fields): string {
  const composed = attribute["value"];
  if (composed !== undefined && composed !== null) return requireText(composed, "Attribute.value");
  const first = requireText(attribute["value1"], "Attribute.value1");
  const second = attribute["value2"];
  if (second === undefined || second === null || second === "") return first;
  // Leaving out an unreadable half would widen what is detected: an address instead of its one port.
  return `${first}|${requireText(second, "Attribute.value2")}`;
}

function requireText(value: unknown, where: string): string {
  const text = readText(value);
  if (text === undefined || text === "")
    throw new Refusal("invalid_value", `${where} is ${excerpt(value)}, not a text`);
  return text;
}

/** An attribute's own tags: MISP leaves `Tag` out when there is none. Inherited ones (REST rows) are its event's. */
export function readOwnTags(list: unknown): readonly Tag[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    const tag = readTag(item);
    return tag === undefined || readBoolean((item as Fields)["inherited"]) ? [] : [tag];
  });
}
