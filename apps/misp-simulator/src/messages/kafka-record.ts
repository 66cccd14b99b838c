import type { Json } from "./json.ts";
import { type MispTopic, topics } from "./topics.ts";

/** MISP's default topics on Kafka, by those on ZeroMQ. */
export const kafkaTopics: Readonly<Record<MispTopic, string>> = {
  [topics.publish]: "misp_event_publish",
  [topics.event]: "misp_event",
  [topics.attribute]: "misp_attribute",
  [topics.sighting]: "misp_sighting",
  [topics.object]: "misp_object",
  [topics.tag]: "misp_tag",
};

/** The same notification as MISP puts it on Kafka: the publish message is not nested there and has an action, all others are equal. */
export function toKafkaRecord<Body extends string | Uint8Array>(message: {
  readonly topic: string;
  readonly body: Body;
}): { readonly topic: string; readonly body: Body | string } {
  const { topic: from, body } = message;
  const topic = kafkaTopics[from as MispTopic] ?? from;
  if (from !== topics.publish || typeof body !== "string") return { topic, body };
  const { Event: nested } = JSON.parse(body) as { readonly Event: Json };
  const {
    Attribute,
    Object: objects,
    ShadowAttribute,
    EventReport,
    CryptographicKey,
    Galaxy,
    Orgc,
    Org,
    RelatedEvent,
    Tag,
    ...event
  } = nested;
  const eventTags = ((Tag ?? []) as readonly Json[]).map((tag) => ({
    event_id: event["id"],
    tag_id: tag["id"],
    local: tag["local"],
    relationship_type: "",
    Tag: tag,
  }));
  const record = {
    Event: event,
    Attribute,
    ShadowAttribute,
    Object: objects,
    EventTag: eventTags,
    EventReport,
    CryptographicKey,
    Galaxy,
    Orgc,
    Org,
    RelatedEvent,
    Sighting: [],
    action: "publish",
  };
  return { topic, body: JSON.stringify(record) };
}
