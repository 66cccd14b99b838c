import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "./load.ts";
import { formatProblems } from "./problem.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string, environment: Record<string, string> = {}) {
  writeFileSync(join(folder, "config.yaml"), text);
  return loadConfig({ environment, workingDirectory: folder });
}
function config(text: string, environment: Record<string, string> = {}) {
  const loaded = load(text, environment);
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return loaded;
}
/** The problems as a person sees them, one a line. */
function problems(text: string, environment: Record<string, string> = {}): readonly string[] {
  const loaded = load(text, environment);
  if (loaded.ok) throw new Error("loaded");
  return formatProblems(loaded.problems).split("\n");
}
const minimal = "plugins: { apps: { misp: { zmq: { host: misp.example } } } }";

describe("a configuration", () => {
  it("with as little as possible has every default", () => {
    const { config: loaded, warnings } = config(minimal);
    expect(warnings).toEqual([]);
    expect(loaded).toMatchObject({
      source: { kind: "zmq", host: "misp.example", port: 50_000 },
      filterText: "everything",
      statePath: join(folder, ".threatbus-misp"),
      logging: { console: { verbosity: "INFO" } },
      secrets: [],
    });
    expect(loaded).not.toHaveProperty("baseUrl");
  });

  it("config.yaml.example loads without a warning, and what is commented out shows the defaults", () => {
    copyFileSync(new URL("../../config.yaml.example", import.meta.url), join(folder, "config.yaml"));
    const text = readFileSync(join(folder, "config.yaml"), "utf8");
    const loaded = config(text);
    expect(loaded.warnings).toEqual([]);
    expect(loaded.config.filterText).toContain("type ip-src OR type ip-dst");
    const uncommented = text.replace(/^# (logging:| {2}[a-z_]+: [^\n]*)$/gm, "$1").replace(/^ {2}path:.*$/m, "");
    expect(config(uncommented).config.logging).toEqual(loaded.config.logging);
  });

  it("of an existing Threat Bus starts: what is not ours or not built yet is warned about", () => {
    copyFileSync(new URL("./__fixtures__/threatbus-2022.yaml", import.meta.url), join(folder, "config.yaml"));
    const { config: loaded, warnings } = config(readFileSync(join(folder, "config.yaml"), "utf8"));
    expect(loaded).toMatchObject({
      source: { kind: "zmq", host: "localhost", port: 50_000 },
      filterText: "(org 1 OR org 25) AND (type ip-src OR type ip-dst OR type domain) AND tag tlp:amber",
      baseUrl: "https://localhost",
      logging: { console: { verbosity: "DEBUG" } },
    });
    expect(warnings).toEqual([
      "config.yaml:35: plugins.apps.zeek: is not ours, and is skipped",
      "config.yaml:9: plugins.backbones: is not needed here, and is skipped",
      "config.yaml:12: plugins.apps.zmq: is not built yet: STIX objects go to standard output, one per line",
      "config.yaml:18: plugins.apps.misp.api: is not built yet, except that the links in indicators lead to its host",
    ]);
  });

  it("in the older layout, with plugins directly under plugins, is read", () => {
    expect(config("plugins: { misp: { zmq: { port: 50001 }, filter: [ { types: [url] } ] } }").config).toMatchObject({
      source: { port: 50_001 },
      filterText: "type url",
    });
  });

  it("is found as config.yml too, and a file can be named", () => {
    writeFileSync(join(folder, "config.yml"), minimal);
    expect(loadConfig({ environment: {}, workingDirectory: folder })).toMatchObject({
      ok: true,
      file: join(folder, "config.yml"),
    });
    writeFileSync(join(folder, "other.yaml"), minimal);
    expect(loadConfig({ file: "other.yaml", environment: {}, workingDirectory: folder })).toMatchObject({ ok: true });
  });
});

describe("problems", () => {
  it("come all at once, with file and line, path, what was expected, what is there, and what to write", () => {
    expect(
      problems(`plugins:
  apps:
    misp:
      zmq: { hst: a, port: 99999999 }
      kafka: { topics: [] }
      filter:
        - types: [ip-scr]
          tag: [x]
    zmq: { host: 1 }
threatbus: localhost:13370
logging: { console_verbosity: INF }
`),
    ).toEqual([
      "config.yaml:5: plugins.apps.misp.kafka: zmq is configured too, and one program has one source; remove one of the two",
      'config.yaml:11: logging.console_verbosity: expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL, got "INF"; did you mean "INFO"?',
      "config.yaml:4: plugins.apps.misp.zmq.port: expected a number of at most 65535, got 99999999",
      'config.yaml:4: plugins.apps.misp.zmq.hst: unknown key "hst"; did you mean "host"?',
      "config.yaml:5: plugins.apps.misp.kafka.topics: expected something that is not empty, got a list",
      "config.yaml:5: plugins.apps.misp.kafka.config: expected a mapping, got nothing",
      "config.yaml:9: plugins.apps.zmq.host: expected a text, got 1",
      "config.yaml:7: plugins.apps.misp.filter[0].types: MISP knows none of these types: ip-scr; nothing could ever pass; ip-src",
      'config.yaml:8: plugins.apps.misp.filter[0].tag: unknown key "tag"; an item has orgs, types and tags; did you mean "tags"?',
      "config.yaml:10: threatbus: plugins.apps.zmq is there too, and a program either hosts the Threat Bus protocol or joins a Threat Bus; remove one of the two",
    ]);
  });

  it.each<[string, string, RegExp]>([
    ["no source", "plugins: { apps: { misp: {} } }", /neither zmq nor kafka/],
    ["no misp section", "plugins: { apps: {} }", /there is no misp section/],
    ["an empty file", "", /plugins/],
    ["a list", "- a", /expected a mapping/],
    ["broken YAML", "plugins: [", /^config\.yaml:\d+: not YAML/],
    ["a key twice", `${minimal}\nstate: {}\nstate: {}`, /^config\.yaml:3: not YAML: Map keys must be unique/],
    ["misp in both layouts", "plugins: { misp: { zmq: {} }, apps: { misp: { zmq: {} } } }", /is there twice/],
    ["an empty filter", "plugins: { apps: { misp: { zmq: {}, filter: } } }", /filter: expected a list of items/],
    ["an empty zmq section", "plugins: { apps: { misp: { zmq: } } }", /zmq: expected a mapping, got nothing/],
    ["a username alone", "plugins: { apps: { misp: { zmq: { username: x } } } }", /belong together/],
    [
      "a password file that is not there",
      "plugins: { apps: { misp: { zmq: { username: x, password_file: nowhere } } } }",
      /nowhere cannot be read \(ENOENT\)/,
    ],
    [
      "a host that is no URL",
      "plugins: { apps: { misp: { zmq: {}, api: { host: misp.example } } } }",
      /api\.host: expected MISP's URL/,
    ],
    ["a Threat Bus without a port", `${minimal}\nthreatbus: localhost`, /threatbus: expected host:port/],
  ])("%s", (_, text, expected) => {
    expect(problems(text).join("\n")).toMatch(expected);
  });

  it("no file at all", () => {
    const loaded = loadConfig({ environment: {}, workingDirectory: folder });
    expect(loaded).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringContaining("no config.yaml or config.yml") }],
    });
    expect(loadConfig({ file: "nowhere.yaml", environment: {}, workingDirectory: folder })).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringContaining("cannot be read") }],
    });
  });
});

describe("the environment", () => {
  it("overrides the file, whatever the case, with YAML values", () => {
    const environment = {
      THREATBUS_PLUGINS__APPS__MISP__ZMQ__PORT: "50009",
      threatbus_plugins__apps__misp__filter: "[{ types: [url] }]",
      THREATBUS_STATE__PATH: "/var/lib/x",
      THREATBUS_OTHER__THING: "ignored",
    };
    const { config: loaded, warnings } = config(minimal, environment);
    expect(loaded).toMatchObject({
      source: { port: 50_009, host: "misp.example" },
      filterText: "type url",
      statePath: "/var/lib/x",
    });
    expect(warnings).toEqual([]);
  });

  it("reaches a file in the older layout too", () => {
    expect(
      config("plugins: { misp: { zmq: {} } }", { THREATBUS_PLUGINS__APPS__MISP__ZMQ__PORT: "50009" }).config.source,
    ).toMatchObject({ port: 50_009 });
  });

  it("is named when it is what is wrong", () => {
    expect(problems(minimal, { THREATBUS_PLUGINS__APPS__MISP__ZMQ__PORT: "x" })[0]).toMatch(
      /^environment variable THREATBUS_PLUGINS__APPS__MISP__ZMQ__PORT: plugins\.apps\.misp\.zmq\.port: expected a (whole )?number, got "x"/,
    );
  });

  it("systemd's state directory is used unless the file has a path", () => {
    expect(config(minimal, { STATE_DIRECTORY: "/var/lib/a:/var/lib/b" }).config.statePath).toBe("/var/lib/a");
    expect(config(`${minimal}\nstate: { path: s }`, { STATE_DIRECTORY: "/var/lib/a" }).config.statePath).toBe(
      join(folder, "s"),
    );
  });
});

describe("secrets", () => {
  it("come from files, and are collected wherever they stand", () => {
    writeFileSync(join(folder, "secret"), "from a file\n");
    const { config: loaded } = config(`
plugins:
  apps:
    misp:
      api: { host: "https://user:userinfo%20secret@misp.example/base/", key: the-api-key, proxy: "http://p:proxy-secret@proxy:3128" }
      zmq: { username: misp, password_file: secret }
`);
    expect(loaded.source).toMatchObject({ password: "from a file" });
    expect(loaded.baseUrl).toBe("https://misp.example/base");
    expect(loaded.secrets).toEqual(
      expect.arrayContaining(["from a file", "the-api-key", "proxy-secret", "userinfo secret", "userinfo%20secret"]),
    );
  });

  it("of Kafka are librdkafka's properties with secrets", () => {
    const { config: loaded } = config(
      "plugins: { apps: { misp: { kafka: { topics: a, config: { bootstrap.servers: b, sasl.password: sasl-secret, ssl.key.password: ssl-secret } } } } }",
    );
    expect(loaded.source).toMatchObject({ kind: "kafka", topics: ["a"], pollIntervalMs: 1000 });
    expect(loaded.secrets).toEqual(["sasl-secret", "ssl-secret"]);
  });
});
