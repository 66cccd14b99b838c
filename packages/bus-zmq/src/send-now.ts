import { setImmediate as nextTurn } from "node:timers/promises";
import type { XPublisher } from "zeromq";

/** With a timeout of 0 a send resolves at once, however many there are: without a turn in between, nothing else would run. */
const sendsPerTurn = 1_000;

/**
 * Sends one frame over a socket with `noDrop` and `sendTimeout: 0`. Resolves with false when a subscriber that it is for has no
 * room, or when the socket was closed meanwhile.
 */
export function createSendNow(socket: XPublisher): (text: string) => Promise<boolean> {
  let sends = 0;
  return async (text) => {
    sends += 1;
    if (sends >= sendsPerTurn) {
      sends = 0;
      await nextTurn();
    }
    try {
      await socket.send(text);
      return true;
    } catch {
      // EAGAIN; or closed, and then whoever closed it has ended what sends.
      return false;
    }
  };
}
