// What tests and benchmarks of other packages use.

export type { AttributeView } from "./attribute-view.ts";
export type { KafkaProducer } from "./kafka-producer.ts";
export { createKafkaProducer } from "./kafka-producer.ts";
export type { Loss } from "./loss.ts";
export { createLoss } from "./loss.ts";
export { kafkaTopics, toKafkaRecord } from "./messages/kafka-record.ts";
export type { ModelNotification } from "./messages/topics.ts";
export { topics } from "./messages/topics.ts";
export { createMispzmq } from "./mispzmq.ts";
export type { MispModel } from "./model.ts";
export { createMispModel } from "./model.ts";
export { randomAction } from "./random/action.ts";
export type { Random } from "./random/source.ts";
export { createCountingUuid, createRandom, createRandomUuid } from "./random/source.ts";
export type { RestFailure } from "./rest/failures.ts";
export type { RestKey } from "./rest/key.ts";
export { exampleKeys } from "./rest/key.ts";
export type { RestRequest } from "./rest/request.ts";
export type { RestServer, RestServerOptions } from "./rest/rest-server.ts";
export { createRestServer } from "./rest/rest-server.ts";
export type { ZmqPublisher, ZmqPublisherOptions } from "./zmq-publisher.ts";
export { createZmqPublisher } from "./zmq-publisher.ts";
