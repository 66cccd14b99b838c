import type { Message, Readable, Socket } from "zeromq";

/**
 * Takes what comes until the socket is closed, one message after the other. Closing ends it at once, also between the arrival of a
 * message and its turn, and when zeromq.js (6.8.0) has put off a read or write to a later turn: it then says ENOTSOCK.
 */
export async function receiveAll(
  socket: Socket & Readable<Message[]>,
  onMessage: (frames: readonly Buffer[]) => Promise<void> | undefined,
): Promise<void> {
  try {
    for await (const frames of socket) {
      if (socket.closed) return;
      const pending = onMessage(frames);
      if (pending !== undefined) await pending;
    }
  } catch (error) {
    if (!socket.closed) throw error;
  }
}
