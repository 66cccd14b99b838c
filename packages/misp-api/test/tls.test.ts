import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createAuthority, type Identity } from "./certificates.ts";
import { answer, type Handler, listen, openApi, startServer } from "./server.ts";

const answerVersion: Handler = (_, response) => answer(response, 200, { version: "2.5.1" });

let authority: ReturnType<typeof createAuthority>;
let other: ReturnType<typeof createAuthority>;
let local: Identity;

beforeAll(() => {
  authority = createAuthority();
  other = createAuthority();
  local = authority.issue("IP:127.0.0.1");
});
afterAll(() => {
  authority.remove();
  other.remove();
});

it("a private authority: its certificate is what makes it known", async () => {
  const server = await startServer(answerVersion, local);
  await expect(openApi({ host: server.url }).version()).rejects.toMatchObject({
    code: "unknown-ca",
    retryable: false,
    message: expect.stringContaining("if MISP uses a private one, give its certificate (ca_file)"),
  });
  await expect(openApi({ host: server.url, ca: other.ca }).version()).rejects.toMatchObject({
    code: "unknown-ca",
    message: expect.stringContaining("the certificates in ca_file do not include it"),
  });
  expect(server.received).toEqual([]);
  const ca = `# two of them\n${other.ca}\n${authority.ca}`;
  expect(await openApi({ host: server.url, ca }).version()).toMatchObject({ version: "2.5.1" });
});

it("without verification any certificate will do", async () => {
  const server = await startServer(answerVersion, other.issue("DNS:other.example", -1));
  expect(await openApi({ host: server.url, verifyTls: false }).version()).toMatchObject({ version: "2.5.1" });
});

it("a certificate for another name", async () => {
  const server = await startServer(answerVersion, authority.issue("DNS:misp.example"));
  await expect(openApi({ host: server.url, ca: authority.ca }).version()).rejects.toMatchObject({
    code: "tls",
    message: expect.stringContaining("the certificate is for another name"),
  });
  expect(server.received).toEqual([]);
});

it("a certificate that has expired", async () => {
  const server = await startServer(answerVersion, authority.issue("IP:127.0.0.1", -1));
  await expect(openApi({ host: server.url, ca: authority.ca }).version()).rejects.toMatchObject({
    code: "tls",
    message: expect.stringContaining("not valid at this time"),
  });
});

describe.each(["TLSv1.2", "TLSv1.3"] as const)("a client certificate that MISP wants (%s)", (version) => {
  // Node's own server judges after the handshake and sends no alert; OpenSSL's does what Apache and nginx do.
  const startOpenssl = async () => {
    writeFileSync(join(authority.folder, "server.pem"), local.cert + local.key);
    const parameters = ["-accept", "127.0.0.1:0", "-cert", "server.pem", "-CAfile", "ca.pem"];
    const protocol = version === "TLSv1.2" ? "-tls1_2" : "-tls1_3";
    const verify = ["-Verify", "1", "-verify_return_error", "-www", protocol];
    const child = spawn("openssl", ["s_server", ...parameters, ...verify], { cwd: authority.folder });
    onTestFinished(() => void child.kill());
    const port = await new Promise<string>((resolve) => {
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk;
        const found = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    return `https://127.0.0.1:${port}`;
  };
  // With TLS 1.3 the alert may come behind the end of the connection, and then nobody reads it.
  const refusal = expect.stringMatching(version === "TLSv1.2" ? /^tls$/ : /^(?:tls|unreachable)$/);
  const open = (host: string, identity?: Identity) =>
    openApi({
      host,
      ca: authority.ca,
      ...(identity === undefined ? {} : { clientCert: identity.cert, clientKey: identity.key }),
    });

  it("is shown", async () => {
    const server = await startServer(answerVersion, {
      ...local,
      ca: authority.ca,
      requestCert: true,
      rejectUnauthorized: true,
      maxVersion: version,
    });
    expect(await open(server.url, authority.issue("DNS:bus")).version()).toMatchObject({ version: "2.5.1" });
  });

  it("is missing", async () => {
    await expect(open(await startOpenssl()).version()).rejects.toMatchObject({
      code: refusal,
      message: expect.stringContaining("it may want a client certificate (client_cert, client_key)"),
    });
  });

  it("is another's", async () => {
    await expect(open(await startOpenssl(), other.issue("DNS:bus")).version()).rejects.toMatchObject({
      code: refusal,
      message: expect.stringContaining("it may not accept the client certificate (client_cert)"),
    });
  });
});

it("https to a server that speaks plain HTTP, and the other way round", async () => {
  const plain = await startServer(answerVersion);
  await expect(openApi({ host: plain.url.replace("http:", "https:") }).version()).rejects.toMatchObject({
    code: "tls",
    message: expect.stringContaining("is it http:// instead?"),
  });
  const secure = await startServer(answerVersion, local);
  await expect(openApi({ host: secure.url.replace("https:", "http:") }).version()).rejects.toMatchObject({
    code: "unreachable",
  });
});

it("a peer that accepts the connection and says nothing", async () => {
  const server = createServer();
  await listen(server);
  const { port } = server.address() as { port: number };
  await expect(openApi({ host: `https://127.0.0.1:${port}`, timeoutMs: 300 }).version()).rejects.toMatchObject({
    code: "timeout",
  });
});
