export { defaultTopics, type ZmqSourceOptions } from "./options.ts";
export { createZmqSource } from "./zmq-source.ts";
export { ZmqSourceError, type ZmqSourceErrorCode } from "./zmq-source-error.ts";
