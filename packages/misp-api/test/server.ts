import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import { onTestFinished } from "vitest";
import { createMispApi, type MispApi, type MispApiOptions } from "../src/index.ts";
import { type Exchange, recorded } from "./recordings.ts";

/** Alphanumeric and 40 long, as MISP's are. */
export const key = "k3yK3yk3yK3yk3yK3yk3yK3yk3yK3yk3yK3yk3y0";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Handler = (received: Received, response: ServerResponse) => void;

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** All that came in, in order. */
  readonly received: Received[];
  /** Connections that are open. */
  connections(): number;
  /** Connections that were ever made. */
  opened(): number;
}

/** A web server on this machine, gone when the test is over. */
export async function startServer(handler: Handler, tls?: TlsOptions): Promise<TestServer> {
  const received: Received[] = [];
  const server: Server = tls === undefined ? createHttpServer() : createHttpsServer(tls);
  server.on("request", (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const entry = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
      received.push(entry);
      handler(entry, response);
    });
  });
  const sockets = await listen(server);
  let opened = 0;
  server.on("connection", () => opened++);
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    received,
    connections: () => sockets.size,
    opened: () => opened,
  };
}

/** Starts any server on a free port; gone with all its connections when the test is over. */
export async function listen(server: import("node:net").Server): Promise<ReadonlySet<Socket>> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return sockets;
}

/** A client of a server, gone when the test is over. */
export function openApi(options: Partial<MispApiOptions> & { readonly host: string }): MispApi {
  const api = createMispApi({ key, ...options });
  onTestFinished(() => Promise.resolve(api[Symbol.asyncDispose]()));
  return api;
}

export function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { "content-type": "application/json; charset=UTF-8", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

export function replay(exchange: Exchange): Handler {
  const { status, headers, body } = exchange.response;
  return (_, response) => answer(response, status, body, headers);
}

/** A server that answers everything with one recording, and a client of it. */
export async function openRecorded(trigger: string, role?: string) {
  const exchange = recorded(trigger, role);
  const server = await startServer(replay(exchange));
  return { api: openApi({ host: server.url }), server, exchange };
}
