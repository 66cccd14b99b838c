import type { Socket } from "zeromq";
import type { Endpoint } from "../endpoint.ts";
import { toBindError } from "../zmq-bus-error.ts";

/**
 * Opens a port, and says which: the system may have chosen it. When it cannot be opened, the socket is closed.
 *
 * @throws ZmqBusError
 */
export function bind(
  socket: Pick<Socket, "close"> & { bindSync(address: string): void; readonly lastEndpoint: string | null },
  name: "manage" | "pub" | "sub",
  { address }: Endpoint,
): number {
  try {
    socket.bindSync(address);
  } catch (error) {
    socket.close();
    throw toBindError(name, address, error);
  }
  return Number(/:(\d+)$/.exec(socket.lastEndpoint ?? "")?.[1] ?? 0);
}
