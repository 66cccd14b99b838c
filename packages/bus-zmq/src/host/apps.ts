import type { ExpiryCause, ZmqBusEvent } from "../zmq-bus-event.ts";
import { type App, createPrivateTopic, describeApp, topicLength } from "./app.ts";
import { createOutbox, type OutboxOptions } from "./outbox.ts";
import type { ManagementRequest } from "./parse-request.ts";

export interface Apps {
  /** Undefined: there are too many. */
  subscribe(request: Extract<ManagementRequest, { readonly action: "subscribe" }>): App | undefined;
  /** False: unknown. */
  unsubscribe(topic: string): boolean;
  /** False: unknown, or to subscribe again. */
  heartbeat(topic: string): boolean;
  /** Whether a topic of the pub port is to be granted: it begins with that of an app. */
  mayListen(topic: string): boolean;
  /** A topic was granted. */
  listen(topic: string): void;
  unlisten(topic: string): void;
  all(): Iterable<App>;
  close(): void;
}

/** Who has subscribed, until it unsubscribes, falls silent, loses its connection or falls too far behind. */
export function createApps(options: {
  readonly maxApps: number;
  readonly silenceTimeoutMs: number;
  readonly outbox: Omit<OutboxOptions, "topic" | "onBehind" | "onGivenUp">;
  /** It listens now: what it asked for may be sent. Once per app. */
  readonly onListening: (app: App) => void;
  readonly onBehind: (detail: string) => void;
  readonly onEvent: (event: ZmqBusEvent) => void;
}): Apps {
  const { onEvent } = options;
  const apps = new Map<string, App>();
  let lastNumber = 0;

  const forget = (app: App) => {
    apps.delete(app.topic);
    clearTimeout(app.silence);
    app.outbox.close();
    app.gone.abort();
  };
  const expire = (app: App, cause: ExpiryCause, detail: string) => {
    if (apps.get(app.topic) !== app) return;
    forget(app);
    onEvent({
      kind: "app-expired",
      app: app.number,
      cause,
      detail: `app ${app.number} (${describeApp(app)}): ${detail}`,
    });
  };
  /** What was on its way to it is lost, and nobody can say what that was. An app that ends in good order unsubscribes too. */
  const lose = (app: App) => {
    app.lost = true;
    app.outbox.close();
    app.gone.abort();
  };
  const ownerOf = (topic: string) => apps.get(topic.slice(0, topicLength));

  return {
    subscribe({ wants, snapshotDays }) {
      if (apps.size >= options.maxApps) return undefined;
      lastNumber += 1;
      const number = lastNumber;
      const topic = createPrivateTopic();
      const app: App = {
        number,
        topic,
        wants,
        snapshotDays,
        outbox: createOutbox({
          ...options.outbox,
          topic,
          onBehind: (detail) => options.onBehind(`app ${number} (${describeApp(app)}): ${detail}`),
          onGivenUp(detail) {
            expire(app, "behind", detail);
            options.onBehind(`app ${number} is forgotten until it subscribes again: ${detail}`);
          },
        }),
        silence: setTimeout(
          () => expire(app, "silent", `no heartbeat for ${options.silenceTimeoutMs / 1_000} s`),
          options.silenceTimeoutMs,
        ),
        gone: new AbortController(),
        listening: new Set(),
        lost: false,
      };
      apps.set(topic, app);
      onEvent({ kind: "app-subscribed", app: number, detail: `app ${number}: ${describeApp(app)}` });
      return app;
    },
    unsubscribe(topic) {
      const app = apps.get(topic);
      if (app === undefined) return false;
      forget(app);
      onEvent({ kind: "app-unsubscribed", app: app.number, detail: `app ${app.number} (${describeApp(app)})` });
      return true;
    },
    heartbeat(topic) {
      const app = apps.get(topic);
      if (app === undefined) return false;
      if (app.lost) {
        expire(app, "disconnected", "its data connection was lost, so it has to subscribe again");
        return false;
      }
      app.silence.refresh();
      return true;
    },
    mayListen: (topic) => ownerOf(topic) !== undefined,
    listen(topic) {
      const app = ownerOf(topic);
      if (app === undefined || app.lost) return;
      // Its connection broke and it has another, of which we learn first: a machine that vanished says nothing.
      if (app.listening.has(topic)) return lose(app);
      app.listening.add(topic);
      if (app.listening.size > 1) return;
      app.outbox.open();
      options.onListening(app);
    },
    unlisten(topic) {
      const app = ownerOf(topic);
      if (app?.listening.delete(topic) && app.listening.size === 0) lose(app);
    },
    all: () => apps.values(),
    close() {
      for (const app of [...apps.values()]) forget(app);
    },
  };
}
