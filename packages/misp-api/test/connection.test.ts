import { createServer, type Socket } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import { answer, listen, openApi, startServer } from "./server.ts";

it("nothing listens", async () => {
  const server = createServer();
  await listen(server);
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  await expect(openApi({ host: `http://127.0.0.1:${port}` }).version()).rejects.toMatchObject({
    code: "unreachable",
    retryable: true,
    message: `http://127.0.0.1:${port}/servers/getVersion: nothing listens there (unreachable)`,
  });
});

it("a name that does not resolve", async () => {
  await expect(openApi({ host: "http://misp.invalid" }).version()).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("the name does not resolve"),
  });
});

it("a port that fetch refuses", async () => {
  await expect(openApi({ host: "http://127.0.0.1:10080" }).version()).rejects.toMatchObject({
    code: "unreachable",
    retryable: false,
    message: expect.stringContaining("must not use this port"),
  });
});

it.each([
  ["nothing at all", (socket: Socket) => socket.end()],
  ["a reset", (socket: Socket) => socket.resetAndDestroy()],
  ["no HTTP", (socket: Socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n")],
])("a peer that answers %s", async (_, act) => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => act(socket));
  });
  await listen(server);
  const { port } = server.address() as { port: number };
  await expect(openApi({ host: `http://127.0.0.1:${port}` }).version()).rejects.toMatchObject({
    code: "unreachable",
    retryable: true,
  });
});

it.each([
  ["before the answer", false],
  ["within the answer", true],
])("silence %s ends at the deadline, and the connection with it", async (_, begun) => {
  const server = await startServer((_, response) => {
    if (!begun) return;
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"version":');
  });
  await expect(openApi({ host: server.url, timeoutMs: 200 }).version()).rejects.toMatchObject({
    code: "timeout",
    retryable: true,
    message: expect.stringContaining("no complete answer within 200 ms"),
  });
  await vi.waitUntil(() => server.connections() === 0);
});

it("an answer that trickles in ends at the deadline too", async () => {
  const server = await startServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(timer));
  });
  await expect(openApi({ host: server.url, timeoutMs: 300 }).version()).rejects.toMatchObject({ code: "timeout" });
});

it("ends with the caller's reason when the caller's signal aborts, and at once when it has", async () => {
  const controller = new AbortController();
  const server = await startServer(() => controller.abort(new Error("shutting down")));
  const api = openApi({ host: server.url });
  await expect(api.version({ signal: controller.signal })).rejects.toThrow("shutting down");
  await vi.waitUntil(() => server.connections() === 0);
  await expect(api.version({ signal: controller.signal })).rejects.toThrow("shutting down");
  expect(server.received).toHaveLength(1);
});

it("leaves no listener on the caller's signal", async () => {
  const { signal } = new AbortController();
  const add = vi.spyOn(signal, "addEventListener");
  const remove = vi.spyOn(signal, "removeEventListener");
  const server = await startServer((_, response) => answer(response, 200, { version: "2.5.1" }));
  await openApi({ host: server.url }).version({ signal });
  expect(add).toHaveBeenCalled();
  expect(remove.mock.calls.map(([type]) => type)).toEqual(add.mock.calls.map(([type]) => type));
});

it("a hundred requests at once on one signal warn of nothing", async () => {
  const warnings: Error[] = [];
  const collect = (warning: Error) => warnings.push(warning);
  process.on("warning", collect);
  onTestFinished(() => void process.off("warning", collect));
  const { signal } = new AbortController();
  const server = await startServer((_, response) => answer(response, 200, { version: "2.5.1" }));
  const api = openApi({ host: server.url });
  await Promise.all(Array.from({ length: 100 }, () => api.version({ signal })));
  // Node warns in the next tick.
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
});

it("opens no more than maxConnections, and keeps them", async () => {
  const waiting: (() => void)[] = [];
  const server = await startServer((_, response) => {
    waiting.push(() => answer(response, 200, { version: "2.5.1" }));
    // The first two wait for each other, so that one connection cannot serve all.
    if (waiting.length === 2) for (const release of waiting) release();
    if (waiting.length > 2) waiting.at(-1)?.();
  });
  const api = openApi({ host: server.url, maxConnections: 2 });
  await Promise.all(Array.from({ length: 10 }, () => api.version()));
  await api.version();
  expect(server.received).toHaveLength(11);
  expect(server.opened()).toBe(2);
});

it("disposing ends what is under way, closes the connections, and may be done twice", async () => {
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const server = await startServer(() => arrived());
  const api = openApi({ host: server.url });
  const pending = expect(api.version()).rejects.toMatchObject({ code: "closed", retryable: false });
  await arrival;
  await api[Symbol.asyncDispose]();
  await pending;
  await api[Symbol.asyncDispose]();
  await vi.waitUntil(() => server.connections() === 0);
  await expect(api.version()).rejects.toMatchObject({ code: "closed" });
});
