import type { OutgoingMessage } from "./outgoing-message.ts";

/** Messages that wait, in order: of several about one thing only the last. So it grows with what changed, not with how often. */
export interface Backlog<M extends OutgoingMessage = OutgoingMessage> {
  readonly size: number;
  /** Characters of the texts that wait. */
  readonly characters: number;
  /** Puts it at the end; what it makes pointless goes. */
  add(message: M): void;
  first(): M | undefined;
  all(): Iterable<M>;
  /** It was sent: it goes, unless something else has taken its place meanwhile. */
  done(message: M): void;
  /** Something later is on its way round this backlog: what it makes pointless goes. */
  overtakenBy(message: OutgoingMessage): void;
  clear(): void;
}

export function createBacklog<M extends OutgoingMessage = OutgoingMessage>(): Backlog<M> {
  const waiting = new Map<string, M>();
  let characters = 0;

  const drop = (key: string) => {
    const message = waiting.get(key);
    if (message === undefined) return;
    characters -= message.text?.length ?? 0;
    waiting.delete(key);
  };
  return {
    get size() {
      return waiting.size;
    },
    get characters() {
      return characters;
    },
    add(message) {
      // A removal ends the announcement of its id. An announcement does not undo the removal before it: the consumer may hold
      // the pattern for another id, and drops that first.
      if (message.removal && message.supersedes !== undefined) drop(message.supersedes);
      drop(message.key);
      waiting.set(message.key, message);
      characters += message.text?.length ?? 0;
    },
    first() {
      for (const message of waiting.values()) return message;
      return undefined;
    },
    all: () => waiting.values(),
    done(message) {
      if (waiting.get(message.key) === message) drop(message.key);
    },
    overtakenBy(message) {
      // Here an announcement does undo a removal of its pattern: sent after it, that would take away what lives.
      drop(message.key);
      if (message.supersedes !== undefined) drop(message.supersedes);
    },
    clear() {
      waiting.clear();
      characters = 0;
    },
  };
}
