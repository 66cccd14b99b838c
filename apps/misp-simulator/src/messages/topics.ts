/** MISP's ZeroMQ topics, as it names them by default. */
export const topics = {
  publish: "misp_json",
  event: "misp_json_event",
  attribute: "misp_json_attribute",
  sighting: "misp_json_sighting",
  object: "misp_json_object",
  tag: "misp_json_tag",
} as const;

/** A topic on which the model says something. */
export type MispTopic = (typeof topics)[keyof typeof topics];

/** One message as MISP frames it: the ZeroMQ frame is the topic, a space and the body. */
export interface ModelNotification {
  readonly topic: MispTopic;
  /** JSON. */
  readonly body: string;
}
