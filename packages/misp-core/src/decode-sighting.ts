import { readMessage } from "./decode.ts";
import { type Fields, isFields, readId, readText, readUuid } from "./decode-fields.ts";
import type { Notification } from "./notification.ts";
import type { SightingType } from "./sighting.ts";

/** A sighting that MISP tells of on its stream, whoever reported it. */
export interface MispSighting {
  readonly action: "add" | "delete";
  /** The MISP sighting's. */
  readonly uuid: string;
  readonly attributeUuid: string;
  /** The attribute's value; composite ones as `a|b`. */
  readonly value: string;
  readonly type: SightingType;
  /** `date_sighting`: whole seconds since the epoch. */
  readonly seenAt: number;
  readonly source: string;
}

/** What every recorded sighting begins with. Compared first: the stream is mostly about other things, and parsing is dear. */
const beginning = new TextEncoder().encode('{"Sighting":{');

/**
 * Reads MISP's notification of a sighting (`misp_json_sighting`, on Kafka a topic of the user's choice); undefined for every
 * other message and for what cannot be read. `decode` has no change for them: sightings change no indicator.
 */
export function decodeSighting(notification: Notification): MispSighting | undefined {
  if (!beginning.every((byte, index) => notification.body[index] === byte)) return undefined;
  let message: Fields;
  try {
    message = readMessage(notification);
  } catch {
    return undefined;
  }
  if (!isFields(message["Sighting"])) return undefined;
  const { action, Sighting: sighting } = message;
  if (action !== "add" && action !== "delete") return undefined;
  const attribute = isFields(sighting["Attribute"]) ? sighting["Attribute"] : {};
  const uuid = readUuid(sighting["uuid"]);
  const attributeUuid = readUuid(attribute["uuid"]);
  const seenAt = readId(sighting["date_sighting"]);
  const type = Number(sighting["type"] ?? Number.NaN);
  if (uuid === undefined || attributeUuid === undefined || seenAt === undefined) return undefined;
  if (type !== 0 && type !== 1 && type !== 2) return undefined;
  const value = readText(attribute["value"]) ?? "";
  return { action, uuid, attributeUuid, value, type, seenAt, source: readText(sighting["source"]) ?? "" };
}
