import { type Backlog, createBacklog } from "../backlog.ts";
import type { OutgoingMessage } from "../outgoing-message.ts";

interface Remembered extends OutgoingMessage {
  readonly atMs: number;
}

/** What was handed over lately and may have been lost with the host, in order, of several about one thing the last. */
export interface Journal {
  /** There is room for more. */
  hasRoom(): boolean;
  add(message: OutgoingMessage, atMs: number): void;
  /** What was handed over before that has arrived. */
  forgetBefore(atMs: number): void;
  /** Everything, to be handed over once more, and so no longer here. */
  takeInto(repeat: Backlog): void;
}

export function createJournal(maxMessages: number, maxCharacters: number): Journal {
  const remembered = createBacklog<Remembered>();
  return {
    hasRoom: () => remembered.size < maxMessages && remembered.characters < maxCharacters,
    add: (message, atMs) => remembered.add({ ...(message.later ?? message), atMs }),
    forgetBefore(atMs) {
      for (const message of remembered.all()) {
        if (message.atMs >= atMs) return;
        remembered.done(message);
      }
    },
    takeInto(repeat) {
      for (const message of remembered.all()) repeat.add(message);
      remembered.clear();
    },
  };
}
