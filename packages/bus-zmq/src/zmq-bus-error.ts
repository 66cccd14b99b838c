/**
 * - `invalid_option`: no bus can be made of these options.
 * - `address_in_use`: another program listens on a port that the host needs.
 * - `bind_failed`: a port cannot be opened for another reason, such as an address that this machine does not have.
 * - `disposed`: the bus was closed by ourselves.
 */
export type ZmqBusErrorCode = "invalid_option" | "address_in_use" | "bind_failed" | "disposed";

/** The only error that a bus of this package throws or rejects with. What goes wrong between the two is a status or an event. */
export class ZmqBusError extends Error {
  override readonly name = "ZmqBusError";
  readonly code: ZmqBusErrorCode;
  /** Another program may leave the port; nothing else changes while the process runs. */
  readonly retryable: boolean;

  /** @param message What happened, where, and what to do; the code is put behind it. */
  constructor(code: ZmqBusErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} (${code})`, options);
    this.code = code;
    this.retryable = code === "address_in_use";
  }
}

/** What ZeroMQ says when a port cannot be opened. Both branches are pinned in `host-options.test.ts`. */
export function toBindError(name: string, address: string, error: unknown): ZmqBusError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EADDRINUSE") {
    const what = `another program listens on ${address}, which zmq.${name} names; stop it or choose another port`;
    return new ZmqBusError("address_in_use", what, { cause: error });
  }
  const what = `zmq.${name}: ${address} cannot be opened (${describeError(error)})`;
  return new ZmqBusError("bind_failed", what, { cause: error });
}

/** What was thrown, for a person. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
