import { onTestFinished } from "vitest";
import { createZmqHostBus, type ZmqBusEvent, type ZmqHostBusOptions } from "../src/index.ts";
import { type AppOptions, startApp } from "./app.ts";
import { createWatch } from "./watch.ts";

/** A host on free ports with all that it says, gone when the test is over. */
export function openHost(options: ZmqHostBusOptions = {}) {
  const events: ZmqBusEvent[] = [];
  const { changed, until } = createWatch();
  const bus = createZmqHostBus({
    manage: 0,
    pub: 0,
    sub: 0,
    ...options,
    onEvent(event) {
      events.push(event);
      options.onEvent?.(event);
      changed();
    },
  });
  onTestFinished(() => bus[Symbol.asyncDispose]());
  const requests = bus.snapshotRequests({ signal: new AbortController().signal })[Symbol.asyncIterator]();
  return {
    bus,
    manage: bus.ports.manage,
    events,
    kinds: () => events.map(({ kind }) => kind),
    refusals: () => events.flatMap((event) => (event.kind === "refused" ? [event.reason] : [])),
    /** Waits until what it said satisfies a condition. */
    until,
    /** The next snapshot request. */
    async nextRequest() {
      const { value } = await requests.next();
      if (value === undefined) throw new Error("the host is closed");
      return value;
    },
    /** An app, gone when the test is over. */
    async app(appOptions: AppOptions = {}) {
      const app = await startApp(bus.ports, appOptions);
      onTestFinished(app.close);
      return app;
    },
  };
}
