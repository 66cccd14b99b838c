import { createMemoryOutbox } from "./memory-outbox.ts";
import { describeOutbox } from "./outbox-contract.ts";

describeOutbox("the outbox in memory", async () => ({ outbox: createMemoryOutbox(), dispose: async () => undefined }));
