import { createServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import { listen } from "./server.ts";

/** An HTTP proxy that connects through, or answers with a status of its own; null: never. */
export async function startProxy(refuse?: number | null, tls?: TlsOptions) {
  const requests: { readonly target: string; readonly authorization: string | undefined }[] = [];
  const server = tls === undefined ? createServer() : createHttpsServer(tls);
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    const target = request.url ?? "";
    requests.push({ target, authorization: request.headers["proxy-authorization"] });
    socket.on("error", () => undefined);
    if (refuse === null) return;
    if (refuse !== undefined) {
      socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
      return;
    }
    const url = new URL(`http://${target}`);
    const upstream = connect(Number(url.port), url.hostname, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("close", () => upstream.destroy());
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, port, requests };
}
