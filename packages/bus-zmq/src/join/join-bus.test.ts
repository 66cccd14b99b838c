import { expect, it, onTestFinished, vi } from "vitest";
import { startFakeHost } from "../../test/fake-host.ts";
import { createZmqJoinBus, type ZmqBusEvent } from "../index.ts";

/** What cannot be made, each so often: sockets of a kind, or the one behind a socket's events. */
const failures = vi.hoisted(() => ({ Request: 0, Subscriber: 0, XPublisher: 0, events: 0 }));

vi.mock("zeromq", async (original) => {
  const sockets = await original<typeof import("zeromq")>();
  const check = (what: keyof typeof failures) => {
    if (failures[what]-- > 0) throw new Error("Too many open files");
  };
  class XPublisher extends sockets.XPublisher {
    constructor(options?: object) {
      check("XPublisher");
      super(options);
    }
  }
  Object.defineProperty(XPublisher.prototype, "events", {
    get() {
      check("events");
      return Reflect.get(sockets.XPublisher.prototype, "events", this);
    },
  });
  return {
    ...sockets,
    XPublisher,
    Request: class extends sockets.Request {
      constructor(options?: object) {
        check("Request");
        super(options);
      }
    },
    Subscriber: class extends sockets.Subscriber {
      constructor(options?: object) {
        check("Subscriber");
        super(options);
      }
    },
  };
});

it("goes on trying when no socket can be made", async () => {
  const host = await startFakeHost();
  onTestFinished(host.stop);
  Object.assign(failures, { Request: 1, Subscriber: 1, XPublisher: 1, events: 1 });
  const events: ZmqBusEvent[] = [];
  const bus = createZmqJoinBus({
    host: "127.0.0.1",
    port: host.ports.manage,
    heartbeatIntervalMs: 50,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => bus[Symbol.asyncDispose]());
  const reaches = async (wanted: string) => {
    for await (const { state } of bus.status()) if (state === wanted) break;
  };
  await reaches("up");
  expect(events).toEqual(Array(4).fill({ kind: "join-failed", detail: "Too many open files" }));
  // While it is joined, too: the heartbeat cannot be sent.
  failures.Request = 1;
  await reaches("down");
  await reaches("up");
});
