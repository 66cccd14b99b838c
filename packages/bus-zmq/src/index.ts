export { createZmqHostBus, type ZmqHostBus } from "./host/host-bus.ts";
export type { ZmqHostBusOptions } from "./host/host-options.ts";
export { createZmqJoinBus, type ZmqJoinBus } from "./join/join-bus.ts";
export type { ZmqJoinBusOptions } from "./join/join-options.ts";
export type { RenderAgain } from "./outgoing-message.ts";
export type { ZmqSnapshotRequest } from "./snapshot-gate.ts";
export { ZmqBusError, type ZmqBusErrorCode } from "./zmq-bus-error.ts";
export type { ExpiryCause, RefusalReason, ZmqBusEvent } from "./zmq-bus-event.ts";
