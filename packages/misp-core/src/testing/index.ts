export { type BusAbility, type BusHarness, describeBus } from "./bus-contract.ts";
export { createMemoryBus, type MemoryBus, type MemorySnapshot } from "./memory-bus.ts";
export { createMemoryOutbox } from "./memory-outbox.ts";
export { createMemorySource, type MemorySource } from "./memory-source.ts";
export { createMemoryStore } from "./memory-store.ts";
export { describeOutbox, exampleOutboxEntry, type OutboxHarness } from "./outbox-contract.ts";
export { describeSource, type SourceAbility, type SourceHarness } from "./source-contract.ts";
export { describeStore, exampleEntry, type StoreHarness, storeChanges } from "./store-contract.ts";
export { propertyRuns, runs, thorough } from "./thorough.ts";
