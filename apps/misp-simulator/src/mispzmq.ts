import type { ModelNotification } from "./messages/topics.ts";

/**
 * The order in which mispzmq empties its Redis lists: the first list that is not empty, always (its BLPOP names them in this
 * order). While it keeps up, the order of the actions is kept; behind a backlog whole topics overtake each other.
 */
const order: readonly string[] = [
  "misp_json",
  "misp_json_event",
  "misp_json_attribute",
  "misp_json_sighting",
  "misp_json_organisation",
  "misp_json_user",
  "misp_json_conversation",
  "misp_json_object",
  "misp_json_object_reference",
  "misp_json_audit",
  "misp_json_tag",
];

/** The queue between MISP and its subscribers. */
export interface Mispzmq<Message extends { readonly topic: string }> {
  /** Queues messages, and delivers them at once unless paused. A topic that mispzmq does not know comes last. */
  push(messages: readonly Message[]): void;
  /** mispzmq is down or slow: messages pile up by topic. */
  pause(): void;
  /** mispzmq is back: delivers what piled up, in its order. */
  resume(): void;
  /** Delivers at most so many messages, also while paused, so that a backlog shrinks while it grows. */
  drain(limit: number): void;
  /** How many messages wait. */
  readonly size: number;
}

/** An empty queue that hands each message to `deliver`. */
export function createMispzmq<Message extends { readonly topic: string } = ModelNotification>(
  deliver: (message: Message) => void,
): Mispzmq<Message> {
  const lists = new Map<string, Message[]>(order.map((topic) => [topic, []]));
  let paused = false;
  let size = 0;

  function drain(limit: number): void {
    let left = limit;
    for (const list of lists.values()) {
      for (const message of list.splice(0, left)) {
        left--;
        size--;
        deliver(message);
      }
      if (left <= 0) return;
    }
  }

  return {
    push(messages) {
      for (const message of messages) {
        const list = lists.get(message.topic) ?? [];
        list.push(message);
        lists.set(message.topic, list);
        size++;
        // One by one: a mispzmq that keeps up never sees two lists filled.
        if (!paused) drain(1);
      }
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      drain(Number.POSITIVE_INFINITY);
    },
    drain,
    get size() {
      return size;
    },
  };
}
