import { setImmediate as nextTurn } from "node:timers/promises";
import { XPublisher } from "zeromq";
import type { Endpoint } from "../endpoint.ts";
import { keepalive } from "../keepalive.ts";
import { pause } from "../pause.ts";
import { receiveAll } from "../receive-all.ts";
import { createSendNow, sendNowOptions } from "../send-now.ts";
import { bind } from "./bind.ts";

/** How often it is looked whether somebody subscribes or leaves; costs less than 1 % of a core (measured). */
const lookEveryMs = 50;

const subscribeOption = 6;
const unsubscribeOption = 7;

/** `ZMQ_XPUB_MANUAL` is of use only with two options that zeromq.js (6.8.0) keeps for subclasses. */
class ManualPublisher extends XPublisher {
  accept(topic: Buffer): void {
    this.setStringOption(subscribeOption, topic);
  }
  drop(topic: Buffer): void {
    this.setStringOption(unsubscribeOption, topic);
  }
}

export interface Publisher {
  readonly port: number;
  /** False: a subscriber of it has no room. */
  send(text: string): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * The pub port. With `noDrop`, a message whose one subscriber is full is refused instead of lost; and only what `mayListen`
 * grants is subscribed to, as a stranger that subscribes to everything and reads nothing would make every message such a one.
 *
 * @throws ZmqBusError when the port cannot be opened
 */
export function openPublisher(options: {
  readonly endpoint: Endpoint;
  readonly pipeLength: number;
  /** Somebody wants a topic: whether to grant it. */
  readonly mayListen: (topic: string) => boolean;
  /** From now on what is sent to a granted topic arrives. */
  readonly onSubscribe: (topic: string) => void;
  /** Somebody left it, or the connection was lost. */
  readonly onUnsubscribe: (topic: string) => void;
}): Publisher {
  const { endpoint } = options;
  const socket = new ManualPublisher({
    manual: true,
    receiveTimeout: 0,
    ...sendNowOptions,
    sendHighWaterMark: options.pipeLength,
    ...keepalive,
    ipv6: endpoint.ipv6,
  });
  const port = bind(socket, "pub", endpoint);

  const onSubscription = (frame: Buffer | undefined) => {
    const first = frame?.[0];
    if (frame === undefined || (first !== 0 && first !== 1)) return;
    const topic = frame.subarray(1);
    const text = topic.toString("latin1");
    if (first === 0) {
      socket.drop(topic);
      options.onUnsubscribe(text);
    } else if (options.mayListen(text)) {
      socket.accept(topic);
      options.onSubscribe(text);
    }
  };
  // libzmq (4.3.5) adds the topic to the connection that the last message came from, and to none, without a word, once it has learned
  // that any connection has ended. It learns such things while something is sent, when zeromq.js also serves a read that waits. So no
  // read waits, and each has a turn of its own, in which nothing is sent before the answer (`publisher.test.ts`).
  const closing = new AbortController();
  const watched = receiveAll(
    socket,
    ([frame]) => {
      onSubscription(frame);
      return nextTurn();
    },
    () => pause(lookEveryMs, closing.signal),
  );

  return {
    port,
    send: createSendNow(socket),
    async close() {
      socket.close();
      closing.abort();
      await watched;
    },
  };
}
