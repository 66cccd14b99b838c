/**
 * - `broken-pipe`: who read the objects has gone.
 * - `write-failed`: the output cannot be written for another reason, such as a full disk.
 * - `disposed`: the bus was closed by ourselves.
 */
export type BusErrorCode = "broken-pipe" | "write-failed" | "disposed";

/** The bus is lost for good. What was not handed over stays dirty in the store and goes out at the next start. */
export class BusError extends Error {
  override readonly name = "BusError";
  readonly code: BusErrorCode;

  /** @param message What happened and what comes of it; the code is put in front. */
  constructor(code: BusErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}

const later = "what it did not take goes out at the next start";

/** Translates what a stream says when it cannot be written. `test/ndjson-bus.test.ts` pins both branches on real descriptors. */
export function toBusError(error: Error & { readonly code?: unknown }): BusError {
  if (error instanceof BusError) return error;
  if (error.code === "EPIPE") {
    return new BusError("broken-pipe", `the reader of the NDJSON output has gone (EPIPE); ${later}`, { cause: error });
  }
  return new BusError("write-failed", `the NDJSON output cannot be written (${error.message}); ${later}`, {
    cause: error,
  });
}
