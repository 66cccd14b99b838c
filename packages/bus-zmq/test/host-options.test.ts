import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createZmqHostBus, createZmqJoinBus, ZmqBusError, type ZmqBusEvent } from "../src/index.ts";
import { ask } from "./app.ts";

const anyPorts = { manage: 0, pub: 0, sub: 0 };

function failure(make: () => unknown): ZmqBusError {
  try {
    make();
  } catch (error) {
    if (error instanceof ZmqBusError) return error;
    throw error;
  }
  throw new Error("it was made");
}

describe("a host", () => {
  it.each([
    [{ host: "a b" }, "host"],
    [{ host: "" }, "host"],
    [{ manage: -1 }, "zmq.manage is -1"],
    [{ pub: 70_000 }, "zmq.pub is 70000"],
    [{ sub: 1.5 }, "zmq.sub is 1.5"],
    [{ manage: 4_000, pub: 4_000 }, "three different ports"],
    [{ maxApps: 0 }, "maxApps is 0"],
    [{ stallTimeoutMs: Number.NaN }, "stallTimeoutMs is NaN"],
    [{ pipeLength: Number.POSITIVE_INFINITY }, "pipeLength is Infinity"],
    [{ silenceTimeoutMs: 2 ** 31 }, "silenceTimeoutMs is 2147483648"],
    [{ maxApp: 1 }, "there is no option maxApp; did you mean maxApps?"],
    [{ color: 1 }, "there is no option color"],
  ])("cannot be made of %j", (options, message) => {
    expect(failure(() => createZmqHostBus({ ...anyPorts, ...options }))).toMatchObject({
      code: "invalid_option",
      retryable: false,
      message: expect.stringContaining(message),
    });
  });

  it("says which port another program has, and leaves the others free", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    onTestFinished(() => void server.close());
    for (const name of ["manage", "pub", "sub"] as const) {
      expect(failure(() => createZmqHostBus({ ...anyPorts, [name]: port }))).toMatchObject({
        code: "address_in_use",
        retryable: true,
        message: expect.stringContaining(`127.0.0.1:${port}, which zmq.${name} names`),
      });
    }
  });

  it("says when this machine does not have the address", () => {
    expect(failure(() => createZmqHostBus({ ...anyPorts, host: "192.0.2.1" }))).toMatchObject({
      code: "bind_failed",
      message: expect.stringContaining("192.0.2.1"),
    });
  });

  it.each(["127.0.0.1", "localhost", undefined])(
    "listens on this machine alone as %s, and has nothing to say",
    async (host) => {
      const events: ZmqBusEvent[] = [];
      const bus = createZmqHostBus({
        ...anyPorts,
        ...(host === undefined ? {} : { host }),
        onEvent: (event) => events.push(event),
      });
      expect(await ask(bus.ports.manage, {})).toEqual({ status: "unknown request" });
      expect(events.map(({ kind }) => kind)).toEqual(["refused"]);
      await bus[Symbol.asyncDispose]();
    },
  );

  it.each(["0.0.0.0", "*"])("says once that others can reach it as %s", async (host) => {
    const events: ZmqBusEvent[] = [];
    const bus = createZmqHostBus({ ...anyPorts, host, onEvent: (event) => events.push(event) });
    expect(await ask(bus.ports.manage, {})).toEqual({ status: "unknown request" });
    expect(events.map(({ kind }) => kind)).toEqual(["exposed", "refused"]);
    expect(events[0]).toMatchObject({ detail: expect.stringContaining(String(bus.ports.pub)) });
    await bus[Symbol.asyncDispose]();
  });

  it("can be made again on the same ports once it is closed", async () => {
    const bus = createZmqHostBus(anyPorts);
    const { ports } = bus;
    await bus[Symbol.asyncDispose]();
    let again = failureOrBus(ports);
    while (again instanceof ZmqBusError) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      again = failureOrBus(ports);
    }
    expect(again.ports).toEqual(ports);
    await again[Symbol.asyncDispose]();
  });
});

function failureOrBus(ports: { readonly manage: number; readonly pub: number; readonly sub: number }) {
  try {
    return createZmqHostBus(ports);
  } catch (error) {
    if (error instanceof ZmqBusError) return error;
    throw error;
  }
}

describe("a joined bus", () => {
  it.each([
    [{ host: "a b" }, "host"],
    [{ host: "localhost", port: 0 }, "threatbus is 0"],
    [{ host: "localhost", port: 65_536 }, "threatbus is 65536"],
    [{ host: "localhost", heartbeatIntervalMs: 0 }, "heartbeatIntervalMs is 0"],
    [{ host: "localhost", ports: 1 }, "there is no option ports; did you mean port?"],
  ])("cannot be made of %j", (options, message) => {
    expect(failure(() => createZmqJoinBus(options))).toMatchObject({
      code: "invalid_option",
      message: expect.stringContaining(message),
    });
  });
});
