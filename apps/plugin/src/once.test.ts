import { expect, it } from "vitest";
import { OnceError, reconcileOnce } from "./once.ts";

const reconciler = { request: async () => ({ held: 0 }) } as unknown as Parameters<typeof reconcileOnce>[1];

it("a signal while the last of it waits for the bus is no success", async () => {
  const controller = new AbortController();
  const done = reconcileOnce("usable", reconciler, { dirtyAfter: () => [{ sequence: 1, id: 1 }] }, controller.signal);
  controller.abort();
  await expect(done).rejects.toThrow(OnceError);
  await expect(done).rejects.toThrow("a signal came before it was done");
});

it("a signal when all was handed over is one", async () => {
  const controller = new AbortController();
  controller.abort();
  await reconcileOnce("usable", reconciler, { dirtyAfter: () => [] }, controller.signal);
});
