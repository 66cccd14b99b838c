import { createServer } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createAuthority, type Identity } from "./certificates.ts";
import { startProxy } from "./proxy-server.ts";
import { answer, type Handler, listen, openApi, startServer } from "./server.ts";

const version: Handler = (_, response) => answer(response, 200, { version: "2.5.1" });

let authority: ReturnType<typeof createAuthority>;
let local: Identity;

beforeAll(() => {
  authority = createAuthority();
  local = authority.issue("IP:127.0.0.1,DNS:localhost");
});
afterAll(() => authority.remove());

it("asks the proxy to connect, checks MISP's certificate behind it, and shows the key to MISP alone", async () => {
  const server = await startServer(version, local);
  const proxy = await startProxy();
  const options = { host: server.url, proxy: `http://${proxy.address}` };
  expect(await openApi({ ...options, ca: authority.ca }).version()).toMatchObject({ version: "2.5.1" });
  expect(proxy.requests).toEqual([{ target: `127.0.0.1:${server.port}`, authorization: undefined }]);
  expect(server.received[0]?.headers).not.toHaveProperty("proxy-authorization");
  await expect(openApi(options).version()).rejects.toMatchObject({ code: "unknown-ca" });
  expect(await openApi({ ...options, verifyTls: false }).version()).toMatchObject({ version: "2.5.1" });
});

it("with user name and password", async () => {
  const server = await startServer(version);
  const proxy = await startProxy();
  await openApi({ host: server.url, proxy: `http://bus:p%40ss@${proxy.address}` }).version();
  expect(proxy.requests[0]?.authorization).toBe(`Basic ${Buffer.from("bus:p@ss").toString("base64")}`);
});

it("a proxy that is itself behind TLS, with a certificate of the private authority", async () => {
  const server = await startServer(version, local);
  const proxy = await startProxy(undefined, local);
  // By name: to an address undici would send a server name that is none, and Node warns.
  const address = `https://localhost:${proxy.port}`;
  const host = server.url;
  expect(await openApi({ host, ca: authority.ca, proxy: address }).version()).toMatchObject({
    version: "2.5.1",
  });
  // `verifyTls` speaks of MISP.
  await expect(openApi({ host, verifyTls: false, proxy: address }).version()).rejects.toMatchObject({
    code: "unknown-ca",
  });
});

it("from the environment, unless NO_PROXY names the host", async () => {
  const server = await startServer(version, local);
  const proxy = await startProxy();
  const environment = { HTTPS_PROXY: `http://${proxy.address}` };
  const options = { host: server.url, ca: authority.ca };
  await openApi({ ...options, environment }).version();
  expect(proxy.requests).toHaveLength(1);
  await openApi({ ...options, environment: { ...environment, NO_PROXY: "127.0.0.0/8" } }).version();
  await openApi(options).version();
  expect(proxy.requests).toHaveLength(1);
});

it.each([
  [407, false, "it wants another user name and password"],
  [403, false, "it answers 403"],
  [502, true, "it answers 502"],
])("a proxy that answers %i", async (status, retryable, what) => {
  const server = await startServer(version);
  const proxy = await startProxy(status);
  await expect(openApi({ host: server.url, proxy: `http://${proxy.address}` }).version()).rejects.toMatchObject({
    code: "proxy",
    retryable,
    message: expect.stringContaining(`no way through the proxy http://${proxy.address}: ${what}`),
  });
  expect(server.received).toEqual([]);
});

it("a proxy that is not there", async () => {
  const server = createServer();
  await listen(server);
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const api = openApi({ host: "https://misp.invalid", proxy: `http://127.0.0.1:${port}` });
  await expect(api.version()).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringContaining(`through the proxy http://127.0.0.1:${port}`),
  });
});

it("a proxy that says nothing is given up, and asked anew by the next request", async () => {
  const server = await startServer(version);
  const proxy = await startProxy(null);
  const api = openApi({ host: server.url, proxy: `http://${proxy.address}`, timeoutMs: 500, maxConnections: 1 });
  await expect(api.version()).rejects.toMatchObject({ code: "timeout" });
  await expect(api.version()).rejects.toMatchObject({ code: "timeout" });
  await expect(api.version()).rejects.toMatchObject({ code: "timeout" });
  expect(proxy.requests.length).toBeGreaterThan(1);
});
