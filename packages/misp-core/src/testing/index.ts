export { type BusAbility, type BusHarness, describeBus } from "./bus-contract.ts";
export { createMemoryBus, type MemoryBus, type MemorySnapshot } from "./memory-bus.ts";
