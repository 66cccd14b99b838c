import { setImmediate as nextTurn } from "node:timers/promises";
import type { Message, Readable, Socket } from "zeromq";

/**
 * Takes what comes until the socket is closed, one message after the other. Closing ends it at once, also between the arrival of a
 * message and its turn, and when zeromq.js (6.8.0) has put off a read or write to a later turn: it then says ENOTSOCK.
 *
 * @param onNothing awaited when a read brings nothing
 */
export async function receiveAll(
  socket: Pick<Socket, "closed"> & Readable<Message[]>,
  onMessage: (frames: readonly Buffer[]) => Promise<void> | undefined,
  onNothing: () => Promise<void> = nextTurn,
): Promise<void> {
  try {
    while (!socket.closed) {
      const frames = await receive(socket);
      if (socket.closed) return;
      const pending = frames === undefined ? onNothing() : onMessage(frames);
      if (pending !== undefined) await pending;
    }
  } catch (error) {
    if (!socket.closed) throw error;
  }
}

/**
 * Undefined when the time of a socket that has one is over, and when what had woken it was nothing: libzmq drops what no REQ could
 * have sent only when it is read, and zeromq.js then says EAGAIN. Seen with a client that floods the port with such.
 */
async function receive(socket: Readable<Message[]>): Promise<readonly Buffer[] | undefined> {
  try {
    return await socket.receive();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return undefined;
    throw error;
  }
}
