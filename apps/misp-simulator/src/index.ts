// The model: what MISP holds, what an analyst does to it, what it then says.

export type { AttributeEdit, NewAttribute } from "./actions/attributes.ts";
export type { ActionResult, CreatedResult } from "./actions/context.ts";
export type { ImportResult, NewEvent } from "./actions/events.ts";
export { exportEvent } from "./actions/events.ts";
export type { NewObject } from "./actions/objects.ts";
export type { NewTag, TagReference } from "./actions/tags.ts";
export type { AttributeView, EventView, TagView } from "./attribute-view.ts";
// The simulator as a child process.
export type { Answer, Command } from "./cli/commands.ts";
export type { RestCommand } from "./cli/rest-commands.ts";
export type { LoadGenerator, LoadKind } from "./generate.ts";
export { createLoadGenerator } from "./generate.ts";
export type { KafkaMessage, KafkaProducer } from "./kafka-producer.ts";
export { createKafkaProducer } from "./kafka-producer.ts";
export type { Loss } from "./loss.ts";
export { createLoss } from "./loss.ts";
export { kafkaTopics, toKafkaRecord } from "./messages/kafka-record.ts";
export type { MispTopic, ModelNotification } from "./messages/topics.ts";
export { topics } from "./messages/topics.ts";
export type { Mispzmq } from "./mispzmq.ts";
// The way to the subscribers.
export { createMispzmq } from "./mispzmq.ts";
export type { AnalystAction, MispActions, MispModel, MispModelOptions } from "./model.ts";
export { createMispModel } from "./model.ts";
export type { RecordedMessage } from "./play-recording.ts";
export { playRecording, readRecording } from "./play-recording.ts";
export type { RandomActionOptions, RandomActionResult } from "./random/action.ts";
// Chance, for property tests and load.
export { randomAction } from "./random/action.ts";
export type { Random } from "./random/source.ts";
export { createCountingUuid, createRandom, createRandomUuid } from "./random/source.ts";
// MISP's REST API.
export type { FailureScope, RestFailure } from "./rest/failures.ts";
export type { Narrowing, RestKey, RestRole } from "./rest/key.ts";
export { exampleKeys } from "./rest/key.ts";
export type { RestRequest } from "./rest/request.ts";
export type { LoggedRequest, RestServer, RestServerOptions } from "./rest/rest-server.ts";
export { createRestServer } from "./rest/rest-server.ts";
export type { Org } from "./rows.ts";
export type { SimulatorErrorCode } from "./simulator-error.ts";
export { SimulatorError } from "./simulator-error.ts";
export type { Subscriptions } from "./subscriptions.ts";
export type { Credentials } from "./zap.ts";
export type { Message, ZmqPublisher, ZmqPublisherOptions } from "./zmq-publisher.ts";
export { createZmqPublisher } from "./zmq-publisher.ts";
