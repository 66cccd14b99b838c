export { checkKafkaOptions, createKafkaSource } from "./kafka-source.ts";
export { KafkaSourceError, type KafkaSourceErrorCode } from "./kafka-source-error.ts";
export type { KafkaSourceOptions } from "./options.ts";
