import { setTimeout as sleep } from "node:timers/promises";
import { MispApiError } from "@tb/misp-api";
import type { Source, StoreView } from "@tb/misp-core";
import type { Reconciler } from "./completeness/reconciler.ts";
import type { MispCheckOutcome } from "./misp/check-misp.ts";

/** `run --once` could not be done now: the next time may do. */
export class OnceError extends Error {
  override readonly name = "OnceError";
}

const stopped = () => new OnceError("a signal came before it was done; the next time goes on where it was");

/** For `run --once`, which listens to nothing. */
export function noSource(): Source {
  return {
    async *read({ signal }) {
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
    async *status() {},
    async [Symbol.asyncDispose]() {},
  };
}

/** Compares with MISP, and resolves when all that it brought was handed over to the bus. */
export async function reconcileOnce(
  outcome: MispCheckOutcome,
  reconciler: Pick<Reconciler, "request"> | undefined,
  store: Pick<StoreView, "dirtyAfter">,
  signal: AbortSignal,
): Promise<void> {
  if (outcome === "stopped") throw stopped();
  if (outcome !== "usable" || reconciler === undefined) throw new OnceError("MISP does not take the key");
  const { held } = await reconciler.request({}).catch((error: unknown) => {
    if (signal.aborted) throw stopped();
    throw error instanceof MispApiError ? new OnceError(`MISP cannot be asked: ${error.message}`) : error;
  });
  for (; store.dirtyAfter(0, 1).length > 0; await sleep(20)) if (signal.aborted) throw stopped();
  if (held > 0) throw new OnceError(`${held} events would vanish at once, so nothing was removed`);
}
