import type { Change } from "./change.ts";
import { readContent, readIdentity, readOwnTags } from "./decode-attribute.ts";
import { readEventPart, readEventTags } from "./decode-event.ts";
import {
  excerpt,
  type Fields,
  isFields,
  Refusal,
  type RefusalReason,
  readOptionalBoolean,
  readTag,
  requireId,
} from "./decode-fields.ts";
import { isDeeperThan } from "./json-depth.ts";
import type { Notification } from "./notification.ts";

/** What a message says, or why it cannot be read. A message that is understood and not needed has no changes. */
export type Decoded =
  | { readonly ok: true; readonly changes: readonly Change[] }
  | { readonly ok: false; readonly reason: RefusalReason; readonly detail: string };

/** Larger messages are refused unread. A published event with 20,000 attributes has about 8 MB. */
const maxBytes = 16 * 1024 * 1024;
/** MISP's own messages are nested 7 deep at most (a published event's objects' attributes' tags). */
const maxDepth = 64;
const nothing: Decoded = { ok: true, changes: [] };
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads one of MISP's notifications. What it is about is told by its shape, not its topic: Kafka's topic names are the user's.
 * Tolerates MISP's drift (ids and timestamps as string or integer, booleans as true, 1 or "1"). Never throws, whatever the bytes.
 */
export function decode(notification: Notification): Decoded {
  if (notification.topic === "")
    return { ok: false, reason: "no_topic", detail: "a ZeroMQ frame without a space has no topic" };
  return guarded(() => toChanges(readMessage(notification), notification.observedAtMs));
}

/** The object that a message is. Throws {@link Refusal}; what is too large or nested too deep is not even parsed. */
export function readMessage({ topic, body }: Pick<Notification, "topic" | "body">): Fields {
  if (body.length > maxBytes)
    throw new Refusal("too_large", `${body.length} bytes on ${excerpt(topic)}, more than ${maxBytes}`);
  if (isDeeperThan(body, maxDepth)) throw new Refusal("too_deep", `nested deeper than ${maxDepth} levels`);
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw new Refusal("invalid_utf8", `${body.length} bytes on ${excerpt(topic)} are not UTF-8`);
  }
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new Refusal("invalid_json", `not JSON: ${excerpt(text)}`);
  }
  if (!isFields(message)) throw new Refusal("unknown_shape", `not an object: ${excerpt(message)}`);
  return message;
}

/** Runs a reader, and turns its refusal into data. */
export function guarded(read: () => readonly Change[]): Decoded {
  try {
    const changes = read();
    return changes.length === 0 ? nothing : { ok: true, changes };
  } catch (refusal) {
    if (refusal instanceof Refusal) return { ok: false, reason: refusal.reason, detail: refusal.detail };
    throw refusal;
  }
}

/** Messages under these keys are understood and not needed: they are about other things. */
const unneeded = [
  "Sighting",
  "Object",
  "ObjectReference",
  "ShadowAttribute",
  "Post",
  "Thread",
  "GalaxyCluster",
  "status",
  "User",
  "Organisation",
  "Log",
  "Warninglist",
];

function toChanges(message: Fields, observedAtMs: number): readonly Change[] {
  const attribute = message["Attribute"];
  const event = message["Event"];
  // Before attribute and event: one of these that names its event must not be taken for that event's deletion, which is for ever.
  // MISP sends a proposal with all that its form brought along (ShadowAttribute::afterSave publishes `$this->data`).
  if (isAbout(message, "Sighting") || isAbout(message, "ShadowAttribute") || isAbout(message, "ObjectReference"))
    return [];
  if (isFields(attribute)) return [attributeChange(message, attribute, observedAtMs)];
  if (isFields(message["Tag"])) return tagChanges(message, message["Tag"], observedAtMs);
  // After the attribute, whose messages have their object beside them.
  if (isAbout(message, "Object")) return [];
  if (isFields(event)) return [eventChange(message, event, observedAtMs)];
  if (unneeded.some((key) => Object.hasOwn(message, key))) return [];
  throw new Refusal(
    "unknown_shape",
    `no Attribute, Tag or Event in it; keys: ${excerpt(Object.keys(message).join(" "))}`,
  );
}

/** One record under this key, not the list that Kafka's publish record has there (PHP may write a list as an object too). */
function isAbout(message: Fields, key: string): boolean {
  const fields = message[key];
  return isFields(fields) && Object.hasOwn(fields, "id");
}

function attributeChange(message: Fields, attribute: Fields, observedAtMs: number): Change {
  const action = message["action"];
  const origin = "live";
  const { attributeId, eventId, uuid } = readIdentity(attribute);
  const content = readContent(attribute, message["Object"]);
  if (action === "delete") {
    return { kind: "attribute-deleted", origin, observedAtMs, attributeId, eventId, uuid, content };
  }
  const event = isFields(message["Event"]) ? readEventPart(message["Event"]) : {};
  const change = { kind: "attribute", origin, observedAtMs, attributeId, eventId, uuid, content, event } as const;
  // MISP attaches tags after it sent the add, so that message says nothing about them.
  if (action === "add") return change;
  const tags = readOwnTags(attribute["Tag"]);
  if (action === "edit") return { ...change, tags };
  if (action === "soft-delete") return { ...change, tags, content: { ...content, deleted: true } };
  throw new Refusal("unknown_action", `attribute ${attributeId}: action ${excerpt(action)}`);
}

function tagChanges(message: Fields, fields: Fields, observedAtMs: number): readonly Change[] {
  const tag = readTag(fields);
  if (tag === undefined) throw new Refusal("invalid_tag", `Tag has no usable id or name: ${excerpt(fields["name"])}`);
  const observed = { origin: "live" as const, observedAtMs, tag };
  const attribute = () => ({ attributeId: requireId(fields["attribute_id"], "Tag.attribute_id") });
  const event = () => ({ eventId: requireId(fields["event_id"], "Tag.event_id") });
  switch (message["action"]) {
    case "attached to attribute":
      return [{ kind: "tag-attached", ...observed, target: attribute() }];
    case "detached from attribute":
      return [{ kind: "tag-detached", ...observed, target: attribute() }];
    case "attached to event":
      return [{ kind: "tag-attached", ...observed, target: event() }];
    case "detached from event":
      return [{ kind: "tag-detached", ...observed, target: event() }];
    case "add":
    case "edit":
      return [{ kind: "tag-renamed", ...observed }];
    case "delete":
      return [{ kind: "tag-deleted", ...observed }];
    case "attached to tag collection":
    case "detached from tag collection":
      return [];
    default:
      throw new Refusal("unknown_action", `tag ${tag.id}: action ${excerpt(message["action"])}`);
  }
}

/**
 * An event message, or a publish message: `misp_json` without an action, or Kafka's `misp_event_publish`, which has one and
 * lists the attributes beside the event. What a publish message says about attributes and tags is not read: MISP publishes in
 * a background job, so it can be older than a delete that has arrived, and its tag lists leave local tags out (recorded).
 */
function eventChange(message: Fields, event: Fields, observedAtMs: number): Change {
  const eventId = requireId(event["id"], "Event.id");
  const observed = { origin: "live" as const, observedAtMs, eventId };
  const part = readEventPart(event, message["Orgc"] ?? event["Orgc"]);
  const action = message["action"];
  switch (action) {
    case "delete":
      return { kind: "event-deleted", ...observed };
    case undefined:
    case null:
    case "publish":
      return { kind: "event", ...observed, event: { ...part, published: true } };
    case "unpublish":
      return { kind: "event", ...observed, event: { ...part, published: false } };
    case "add":
    case "edit": {
      const published = readOptionalBoolean(event["published"]);
      const tags = readEventTags(message["EventTag"]);
      return {
        kind: "event",
        ...observed,
        event: { ...part, ...(published === undefined ? {} : { published }), ...(tags === undefined ? {} : { tags }) },
      };
    }
    default:
      throw new Refusal("unknown_action", `event ${eventId}: action ${excerpt(action)}`);
  }
}
