import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "./load.ts";
import { formatProblems } from "./problem.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "secrets-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Loads a section `misp` in block style. */
function load(misp: string, environment: Record<string, string> = {}) {
  writeFileSync(join(folder, "config.yaml"), `plugins:\n  apps:\n    misp:\n${misp.replace(/^/gm, "      ")}\n`);
  return loadConfig({ environment, workingDirectory: folder });
}
function config(misp: string, environment: Record<string, string> = {}) {
  const loaded = load(misp, environment);
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return loaded.config;
}
function problems(misp: string, environment: Record<string, string> = {}): string {
  const loaded = load(misp, environment);
  if (loaded.ok) throw new Error("loaded");
  return formatProblems(loaded.problems);
}

describe("a secret", () => {
  it("is collected wherever it stands", () => {
    const { source, baseUrl, secrets } = config(`
api:
  host: "https://user:userinfo%20secret@misp.example/base/"
  key: the-api-key
  proxy: "http://proxy-token@proxy:3128"
zmq: { username: misp, password: zmq-secret }`);
    expect(source).toMatchObject({ password: "zmq-secret" });
    expect(baseUrl).toBe("https://misp.example/base");
    expect(secrets).toEqual([
      "the-api-key",
      "zmq-secret",
      "user:userinfo%20secret",
      "userinfo%20secret",
      "userinfo secret",
      "proxy-token",
    ]);
  });

  it("of Kafka stands in librdkafka's properties", () => {
    const { source, secrets } = config(`
kafka:
  topics: a
  config: { bootstrap.servers: b, sasl.password: 0123, ssl.key.password: ssl-secret }`);
    expect(source).toMatchObject({ kind: "kafka", topics: ["a"], pollIntervalMs: 1_000 });
    expect(source).toHaveProperty("config", {
      "bootstrap.servers": "b",
      "sasl.password": "0123",
      "ssl.key.password": "ssl-secret",
    });
    expect(secrets).toEqual(["0123", "ssl-secret"]);
  });

  it("may be a bare % in a URL", () => {
    expect(config('zmq: {}\napi: { host: "https://u:100%zz@misp.example" }').secrets).toContain("100%zz");
  });

  it.each(["0123", "1e5", "12345678901234567890", "true", "0x1F", "1.10"])(
    "is taken as it is written: %s",
    (password) => {
      const zmq = `zmq: { username: ${password}, password: ${password} }`;
      expect(config(zmq).source).toMatchObject({ username: password, password });
    },
  );

  it.each([
    ["0123", "0123"],
    ["x #y", "x #y"],
    ["a: b", "a: b"],
    ["!tag x", "!tag x"],
    ["[a", "[a"],
    ['"quoted"', "quoted"],
    ["'0123'", "0123"],
  ])("in the environment is a text whatever it looks like: %s", (text, password) => {
    const environment = { THREATBUS_PLUGINS__APPS__MISP__ZMQ__PASSWORD: text };
    expect(config("zmq: { username: u }", environment).source).toMatchObject({ password });
  });
});

it("a secret in the environment may be set with its section, and once more alone", () => {
  const section = { THREATBUS_PLUGINS__APPS__MISP__ZMQ: "{ username: u, password: within }" };
  expect(config("zmq: {}", section).source).toMatchObject({ username: "u", password: "within" });
  const alone = { THREATBUS_PLUGINS__APPS__MISP__ZMQ__PASSWORD: "0123", ...section };
  expect(config("zmq: {}", alone).source).toMatchObject({ username: "u", password: "0123" });
});

describe("a secret in a file", () => {
  const zmq = "zmq: { username: misp, password_file: secret }";

  it("loses the end of its last line, and nothing else", () => {
    writeFileSync(join(folder, "secret"), " from a file \r\n");
    const { source, secrets } = config(zmq);
    expect(source).toMatchObject({ password: " from a file " });
    expect(secrets).toEqual([" from a file "]);
  });

  it("serves the API key too", () => {
    writeFileSync(join(folder, "key"), "key-from-a-file\n");
    expect(config("zmq: {}\napi: { host: https://misp.example, key_file: key }").secrets).toEqual(["key-from-a-file"]);
  });

  it("that cannot be used is named, together with all other problems", () => {
    expect(problems(`${zmq}\nfilter:`).split("\n")).toEqual([
      `config.yaml:4: plugins.apps.misp.zmq.password_file: ${join(folder, "secret")} cannot be read (ENOENT)`,
      expect.stringContaining("config.yaml:5: plugins.apps.misp.filter: expected a list of items"),
    ]);
    writeFileSync(join(folder, "secret"), "\n");
    expect(problems(zmq)).toContain(`${join(folder, "secret")} is empty`);
  });

  it("and in the configuration too is one too many", () => {
    expect(problems("zmq: { username: misp, password: a-secret, password_file: secret }")).toBe(
      'config.yaml:4: plugins.apps.misp.zmq.password_file: "password" is set too; keep one of the two',
    );
  });
});

describe("no problem shows a secret", () => {
  it.each([
    ["a URL of another kind", 'zmq: {}\napi: { host: "ftp://u:geheim@h" }'],
    ["a URL without its slashes", "zmq: {}\napi: { host: u:geheim@h }"],
    ["a text in place of a section", "zmq: {}\napi: geheim"],
    ["librdkafka's properties in one text", "kafka: { topics: [a], config: sasl.password=geheim }"],
    ["a list in place of a key", "zmq: {}\napi: { host: https://h, key: [geheim] }"],
    ["an alias", "zmq: { username: u, password: *geheim }"],
    ["a block scalar", "zmq:\n  username: u\n  password: |geheim"],
    ["a tag", "zmq:\n  username: u\n  password: !geheim {}"],
    ["quotes that end too early", 'zmq:\n  username: u\n  password: "ge"heim'],
    ["a second document", "zmq: {}\napi: { key: geheim }\n---\ngeheim"],
  ])("%s", (_, misp) => {
    expect(problems(misp)).toMatch(/^config\.yaml:\d/);
    expect(problems(misp)).not.toMatch(/geheim|heim/);
  });

  it("a value that is wrong in the environment", () => {
    const told = problems("zmq: {}", { THREATBUS_PLUGINS__APPS__MISP__API: "geheim" });
    expect(told).toContain("environment variable THREATBUS_PLUGINS__APPS__MISP__API");
    expect(told).not.toContain("geheim");
  });
});
