import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeOutbox } from "@tb/misp-core/testing";
import { openLmdbStore } from "./lmdb-store.ts";

describeOutbox("the outbox in LMDB", async () => {
  const path = mkdtempSync(join(tmpdir(), "lmdb-outbox-contract-"));
  let store = await openLmdbStore({ path });
  return {
    outbox: store.outbox,
    async reopen() {
      await store[Symbol.asyncDispose]();
      store = await openLmdbStore({ path });
      return store.outbox;
    },
    async dispose() {
      await store[Symbol.asyncDispose]();
      rmSync(path, { recursive: true, force: true });
    },
  };
});
