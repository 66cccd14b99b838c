import { createServer } from "node:net";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createMispApi, type MispApiOptions } from "../src/index.ts";
import { createAuthority, type Identity } from "./certificates.ts";
import { startProxy } from "./proxy-server.ts";
import { answer, type Handler, key, listen, openApi, startServer } from "./server.ts";

const username = "proxyuser";
const password = "pr0xy p@ss/word";
const userinfo = `${username}:${encodeURIComponent(password)}`;
const secrets = [
  key,
  password,
  encodeURIComponent(password),
  userinfo,
  Buffer.from(`${username}:${password}`).toString("base64"),
];

let authority: ReturnType<typeof createAuthority>;
let local: Identity;
beforeAll(() => {
  authority = createAuthority();
  local = authority.issue("IP:127.0.0.1");
});
afterAll(() => authority.remove());

/** All that a logger could find in an error: texts, stacks, causes, and what getters and symbols hide. */
function everythingIn(error: unknown): string {
  const hidden = inspect(error, { depth: 20, showHidden: true, getters: true, maxStringLength: null });
  const chain: string[] = [];
  for (let current = error; current instanceof Error; current = current.cause) {
    chain.push(String(current), current.stack ?? "", JSON.stringify(current));
  }
  return hidden + chain.join("\n");
}

/** Echoes all that it was sent, as error pages of proxies do. */
const echo =
  (status: number, body: (headers: string) => unknown): Handler =>
  ({ headers }, response) =>
    answer(response, status, body(JSON.stringify(headers)), { location: `/login?${headers.authorization}` });

/** Every way to fail that the other tests know, with all secrets in play. */
const failures: Record<string, () => Promise<Partial<MispApiOptions> & { host: string }>> = {
  "nothing listens": async () => {
    const server = createServer();
    await listen(server);
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    return { host: `http://127.0.0.1:${port}` };
  },
  "a name that does not resolve": async () => ({ host: "http://misp.invalid" }),
  "a proxy that refuses": async () => {
    const proxy = await startProxy(407);
    return { host: "https://misp.invalid", proxy: `http://${userinfo}@${proxy.address}` };
  },
  "a proxy that cannot be reached": async () => ({
    host: "https://misp.invalid",
    environment: { HTTPS_PROXY: `http://${userinfo}@proxy.invalid:3128` },
  }),
  "an unknown authority": async () => ({ host: (await startServer(() => undefined, local)).url }),
  silence: async () => ({ host: (await startServer(() => undefined)).url, timeoutMs: 100 }),
  "no HTTP": async () => {
    const server = createServer((socket) => {
      socket.once("data", (chunk) => socket.end(`SSH ${chunk}`));
    });
    await listen(server);
    return { host: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
  },
  "a broken connection": async () => ({
    host: (
      await startServer((_, response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("{", () => response.destroy());
      })
    ).url,
  }),
  ...Object.fromEntries(
    [200, 302, 400, 401, 403, 404, 405, 429, 500, 502].flatMap((status) => [
      [
        `JSON with status ${status}`,
        async () => ({ host: (await startServer(echo(status, (message) => ({ message })))).url }),
      ],
      [
        `text with status ${status}`,
        async () => ({ host: (await startServer(echo(status, (text) => `<pre>${text}`))).url }),
      ],
      [
        `broken JSON with status ${status}`,
        async () => ({ host: (await startServer(echo(status, (text) => `{"a":${text}`))).url }),
      ],
      [
        `key at the cut, status ${status}`,
        async () => ({ host: (await startServer(echo(status, () => ({ message: "x".repeat(485) + key })))).url }),
      ],
    ]),
  ),
};

it.each(Object.keys(failures))("%s", async (name) => {
  const options = await failures[name]?.();
  if (options === undefined) throw new Error("no such failure");
  const error = await openApi(options)
    .version()
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "MispApiError" });
  const all = everythingIn(error);
  for (const secret of secrets) expect(all).not.toContain(secret);
  // Half a key is as bad.
  expect(all).not.toContain(key.slice(0, 12));
});

it.each<[string, Partial<MispApiOptions>]>([
  ["a host with user name and password", { host: `https://${userinfo}@misp.example` }],
  ["a host that is no URL", { host: `misp.example ${userinfo}` }],
  ["a key with a line break", { key: `${key}\n` }],
  ["a key beyond ASCII", { key: `${key}ü` }],
  ["a proxy of another kind", { proxy: `socks5://${userinfo}@127.0.0.1:1080` }],
  ["a proxy that is no URL", { proxy: `http://${userinfo}@` }],
  ["a proxy from the environment", { environment: { HTTPS_PROXY: `ftp://${userinfo}@127.0.0.1` } }],
  ["a private key that cannot be read", { clientCert: "x", clientKey: `-----BEGIN PRIVATE KEY-----\n${key}` }],
])("options: %s", (_, options) => {
  let error: unknown;
  try {
    createMispApi({ host: "https://misp.example", key, ...options });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: "invalid-options", retryable: false });
  const all = everythingIn(error);
  for (const secret of [...secrets, username]) expect(all).not.toContain(secret);
});
