import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMispApi } from "@tb/misp-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "./load.ts";
import { formatProblems } from "./problem.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "api-"));
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  for (const name of ["client", "other"]) {
    const files = ["-keyout", `${name}-key.pem`, "-out", `${name}.pem`];
    execFileSync("openssl", ["req", "-x509", ...ec, "-subj", `/CN=${name}`, "-days", "2", ...files], {
      cwd: folder,
      stdio: "pipe",
    });
  }
  writeFileSync(join(folder, "empty"), "\n");
  writeFileSync(join(folder, "two-lines"), "first\nsecond\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Loads a section `api`, which stands from line 5 on. */
function load(api: string, environment: Record<string, string> = {}) {
  const text = `plugins:\n  apps:\n    misp:\n      zmq: {}\n      api: ${api}\n`;
  writeFileSync(join(folder, "config.yaml"), text);
  return loadConfig({ environment, workingDirectory: folder });
}
function config(api: string, environment: Record<string, string> = {}) {
  const loaded = load(api, environment);
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return loaded;
}
function problems(api: string, environment: Record<string, string> = {}): readonly string[] {
  const loaded = load(api, environment);
  if (loaded.ok) throw new Error("loaded");
  return formatProblems(loaded.problems).split("\n");
}
const at = (setting: string) => `config.yaml:5: plugins.apps.misp.api${setting}`;

describe("a section api", () => {
  it("is what a client can be made of, its files read from beside the configuration", async () => {
    const { config: loaded, warnings } = config(
      "{ host: https://misp.example/base/, key: the-key, ca_file: client.pem, client_cert: client.pem, client_key: client-key.pem, proxy: http://p:pr0xy@proxy:3128, timeout: 1.5s }",
    );
    expect(warnings).toEqual([]);
    expect(loaded.api).toEqual({
      host: "https://misp.example/base",
      key: "the-key",
      verifyTls: true,
      ca: expect.stringContaining("BEGIN CERTIFICATE"),
      clientCert: expect.stringContaining("BEGIN CERTIFICATE"),
      clientKey: expect.stringContaining("BEGIN PRIVATE KEY"),
      proxy: "http://p:pr0xy@proxy:3128",
      timeoutMs: 1_500,
    });
    expect(loaded.baseUrl).toBe("https://misp.example/base");
    expect(loaded.secrets).toEqual(["the-key", "p:pr0xy", "pr0xy", loaded.api?.clientKey]);
    const { api } = loaded;
    if (api?.key === undefined) throw new Error("no key");
    await createMispApi({ ...api, key: api.key })[Symbol.asyncDispose]();
  });

  it("with as little as possible has no more than it says", () => {
    expect(config("{ host: https://misp.example, key: k3y }")).toMatchObject({
      config: { api: { host: "https://misp.example", key: "k3y", verifyTls: true } },
      warnings: [],
    });
    expect(Object.keys(config("{ host: https://h, key: k }").config.api ?? {})).toEqual(["host", "verifyTls", "key"]);
  });

  it("takes its key from a file", () => {
    writeFileSync(join(folder, "key"), "from-a-file\n");
    expect(config("{ host: https://misp.example, key_file: key }").config.api).toMatchObject({ key: "from-a-file" });
  });

  it("that is not there leaves nothing", () => {
    writeFileSync(join(folder, "config.yaml"), "plugins: { misp: { zmq: {} } }");
    const loaded = loadConfig({ environment: { https_proxy: "u:geheim@p" }, workingDirectory: folder });
    expect(loaded).toMatchObject({ ok: true, warnings: [], config: { secrets: [] } });
    expect(loaded.ok && "api" in loaded.config).toBe(false);
  });
});

describe("at each start a warning says", () => {
  it.each<[string, string, string]>([
    [
      "a certificate that is not verified",
      "host: https://h, ssl: false, key: k3y",
      ".ssl: MISP's certificate is not verified",
    ],
    [
      "what ca_file does not do then",
      "host: https://h, ssl: false, key: k3y, ca_file: client.pem",
      "ca_file is not used then",
    ],
    ["no key", "host: https://h", ": has no key, so nothing can be asked of MISP"],
    ["a key over plain http", "host: http://misp.example, key: k3y", ".host: the key goes over plain http://"],
    [
      "a key over plain http to a name that only looks like this machine",
      "host: http://localhost.example, key: k3y",
      "plain http",
    ],
    ["a key over plain http through a proxy", "host: http://localhost, key: k3y, proxy: http://p", "plain http"],
    [
      "user information, which is of no use",
      "host: https://u:p4ss@h, key: k3y",
      ".host: its user name and password are not used",
    ],
  ])("%s", (_, api, text) => {
    const { warnings } = config(`{ ${api} }`);
    expect(warnings).toEqual([expect.stringContaining(text)]);
    expect(warnings[0]).toMatch(/^config\.yaml:5: plugins\.apps\.misp\.api/);
    expect(warnings[0]).not.toMatch(/k3y|p4ss/);
  });

  it.each(["http://localhost", "http://127.0.0.1:8080", "http://127.1", "http://[::1]:8080", "http://misp.localhost"])(
    "nothing about a key that does not leave the machine: %s",
    (host) => expect(config(`{ host: "${host}", key: k3y }`).warnings).toEqual([]),
  );

  it("nothing about a key over plain http where there is none", () => {
    expect(config("{ host: http://misp.example }").warnings).toEqual([expect.stringContaining("has no key")]);
  });
});

describe("problems", () => {
  it("come all at once, each with its line and setting, and none with a secret", () => {
    const told = problems(
      "{ host: https://misp.example/?a, key_file: two-lines, ca_file: nowhere, client_cert: client.pem, client_key: other-key.pem, proxy: 'socks5://u:geheim@p' }",
    );
    expect(told.toSorted()).toEqual([
      `${at(".ca_file")}: ${join(folder, "nowhere")} cannot be read (ENOENT)`,
      expect.stringMatching(/\.client_cert: client_cert and client_key must be PEM, belong to each other/),
      `${at(".host")}: host must not have a ? or # in it`,
      `${at(".key_file")}: key has a space, a line break or a character in it that no key has`,
      `${at(".proxy")}: the proxy (or HTTPS_PROXY) must be an HTTP proxy's URL, such as http://proxy.example:3128`,
    ]);
    expect(told.join()).not.toMatch(/geheim|second/);
  });

  it("come with those of other sections", () => {
    writeFileSync(
      join(folder, "config.yaml"),
      "plugins:\n  misp:\n    zmq: { prot: 1 }\n    api: { host: https://h, key: k3y, ca_file: empty }",
    );
    const loaded = loadConfig({ environment: {}, workingDirectory: folder });
    expect(loaded.ok ? [] : formatProblems(loaded.problems).split("\n")).toEqual([
      expect.stringContaining("config.yaml:3: plugins.misp.zmq.prot"),
      `config.yaml:4: plugins.misp.api.ca_file: ${join(folder, "empty")} is empty`,
    ]);
  });

  it.each<[string, string, string]>([
    [
      "half of a client's identity",
      "client_cert: client.pem",
      ": client_cert and client_key belong together; set both or neither",
    ],
    [
      "the other half",
      "client_key: client-key.pem",
      ": client_cert and client_key belong together; set both or neither",
    ],
    [
      "an authority that is none",
      "ca_file: client-key.pem",
      ".ca_file: ca_file holds no certificate; expected PEM text",
    ],
    ["a key of two words", "key: a b", ".key: key has a space"],
    ["a key twice", "key: k3y, key_file: key", '.key_file: "key" is set too'],
    ["a time that no timer holds", "timeout: 25d", ".timeout: expected a time of at most 24 days"],
    ["an unknown key", "kye: k3y", '.kye: unknown key "kye"; did you mean "key"?'],
  ])("%s", (_, api, text) => {
    expect(problems(`{ host: https://h, ${api} }`).join("\n")).toContain(at(text));
  });
});

describe("a proxy that the environment names", () => {
  const api = "{ host: https://misp.example, key: k3y }";

  it("may have a password, which is a secret", () => {
    expect(config(api, { HTTPS_PROXY: "http://u:geheim@p:1", http_proxy: "v:secret@p" }).config.secrets).toEqual([
      "k3y",
      "u:geheim",
      "geheim",
      "v:secret",
      "secret",
    ]);
  });

  it("must be one that can be used, unless it is not for MISP", () => {
    const told = problems(api, { HTTPS_PROXY: "socks5://u:geheim@p" });
    expect(told).toEqual([
      `${at("")}: the proxy (or HTTPS_PROXY) must be an HTTP proxy's URL, such as http://proxy.example:3128`,
    ]);
    expect(config(api, { HTTPS_PROXY: "socks5://p", NO_PROXY: ".example" }).warnings).toEqual([]);
  });
});
