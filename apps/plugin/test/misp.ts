import {
  createCountingUuid,
  createMispModel,
  createRestServer,
  createZmqPublisher,
  exampleKeys,
  type MispModel,
  type RestServer,
  type ZmqPublisher,
} from "@tb/misp-simulator";
import { afterEach, beforeEach } from "vitest";
import { until } from "./command.ts";

/** A stand-in MISP with real sockets, new for each test. */
export interface TestMisp {
  readonly model: MispModel;
  readonly publisher: ZmqPublisher;
  readonly rest: RestServer;
  /** How the program reaches it, as in its configuration. */
  zmq(): string;
  api(): string;
  /** Starts a program when only so many others listen, 0 unless told, and resolves when it listens, too. */
  listening<T>(start: () => T, others?: number): Promise<T>;
}

interface TestMispOptions {
  /** The model's clock, whole seconds. @default the clock, which is the REST server's in any case */
  readonly now?: () => number;
  /** What is done over REST is published. @default false */
  readonly publishes?: boolean;
}

const topic = "misp_json_attribute ";
const realNow = () => Math.floor(Date.now() / 1000);

/** Makes one before each test of the file, and ends it after. */
export function useMisp({ now = realNow, publishes = false }: TestMispOptions = {}): TestMisp {
  let model: MispModel;
  let publisher: ZmqPublisher;
  let rest: RestServer;
  beforeEach(async () => {
    model = createMispModel({ now, uuid: createCountingUuid() });
    // It never says that it is alive: that would be one more message that is received.
    publisher = await createZmqPublisher({ watchSubscriptions: true, highWaterMark: 0, heartbeatAfterMs: 0 });
    rest = await createRestServer(model, {
      now: realNow,
      ...(publishes ? { publish: (notifications) => publisher.publish(notifications) } : {}),
    });
  });
  afterEach(async () => {
    await rest[Symbol.asyncDispose]();
    await publisher[Symbol.asyncDispose]();
  });
  return {
    get model() {
      return model;
    },
    get publisher() {
      return publisher;
    },
    get rest() {
      return rest;
    },
    zmq: () => `host: 127.0.0.1, port: ${publisher.port}`,
    api: () => `{ host: '${rest.url}', key: ${exampleKeys.own.key} }`,
    async listening(start, others = 0) {
      // The publisher hears late that a program has ended. What that one had subscribed to would be taken for the next one's, which
      // would then miss messages, and get signals before it has a handler for them.
      await until(() => publisher.subscriptions.count(topic) === others);
      const started = start();
      await publisher.subscriptions.atLeast(topic, others + 1);
      return started;
    },
  };
}
