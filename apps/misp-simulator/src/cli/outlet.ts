import type { ModelNotification } from "../messages/topics.ts";
import { createMispzmq, type Mispzmq } from "../mispzmq.ts";
import type { ZmqPublisher } from "../zmq-publisher.ts";

/** The way from the model to the socket, shared by all that make the model say something: commands and REST requests. */
export interface Outlet {
  readonly queue: Mispzmq<ModelNotification>;
  /** Sends what the queue lets through. */
  flush(): Promise<void>;
}

/** Messages go through MISP's queue to the publisher. */
export function createOutlet(publisher: ZmqPublisher): Outlet {
  let outgoing: ModelNotification[] = [];
  const queue = createMispzmq((message) => outgoing.push(message));
  return {
    queue,
    async flush() {
      const messages = outgoing;
      outgoing = [];
      if (messages.length > 0) await publisher.publish(messages);
    },
  };
}
