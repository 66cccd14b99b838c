import { setImmediate as nextTurn } from "node:timers/promises";
import type { XPublisher } from "zeromq";

/** With a timeout of 0 a send resolves at once, however many there are: without a turn in between, nothing else would run. */
const sendsPerTurn = 1_000;

/** Of the socket: a message for which there is no room is refused, at once. */
export const sendNowOptions = {
  noDrop: true,
  sendTimeout: 0,
  // What subscribers send: a topic.
  maxMessageSize: 1_024,
  // What is on its way when the program ends is still sent, if it goes so fast.
  linger: 1_000,
} as const;

/** Room appears without a word from libzmq, so a full pipe is tried again: soon, then rarer while it stays full. */
export const firstRetryMs = 2;
export const maxRetryMs = 250;

/**
 * Sends one frame over a socket with {@link sendNowOptions}. Resolves with false when a subscriber that it is for has no
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
