import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
const fixture = (name: string) => readFileSync(new URL(`./__fixtures__/${name}`, import.meta.url), "utf8");
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

  it("of an existing Threat Bus starts: what is not ours is warned about", () => {
    const { config: loaded, warnings } = config(fixture("threatbus-2022.yaml"));
    expect(loaded).toMatchObject({
      source: { kind: "zmq", host: "localhost", port: 50_000 },
      filterText: "((org 1 OR org 25) AND (type ip-src OR type ip-dst OR type domain) AND tag tlp:amber) OR org 2",
      baseUrl: "https://localhost",
      api: { host: "https://localhost", key: "<MISP_API_KEY>", verifyTls: false },
      logging: { console: { verbosity: "DEBUG" } },
      bus: { kind: "host", manage: 13_370, pub: 13_371, sub: 13_372 },
    });
    expect(warnings).toEqual([
      "config.yaml:10: plugins.backbones: is not needed here, and is skipped",
      "config.yaml:27: plugins.apps.misp.api.ssl: MISP's certificate is not verified, so anybody in between can read the key and change what MISP says; for a private authority set ca_file instead",
      "config.yaml:45: plugins.apps.misp.kafka: is empty, and is skipped",
      "config.yaml:49: plugins.apps.zeek: is not ours, and is skipped",
      "config.yaml:53: plugins.apps.cif3: is not ours, and is skipped",
    ]);
  });

  it("of a Threat Bus before 2021.8 starts: plugins directly under plugins, merged mappings, a key of digits", () => {
    const { config: loaded, warnings } = config(fixture("threatbus-2020.yaml"));
    expect(loaded).toMatchObject({
      source: { kind: "kafka", topics: ["misp_attribute"], pollIntervalMs: 1_000 },
      filterText: "(org 1 OR org 25) AND (type domain OR type url OR type uri)",
      baseUrl: "https://misp.example",
      secrets: ["0123456789012345678901234567890123456789"],
      bus: { kind: "host", host: "127.0.0.1", manage: 13_370, pub: 13_371, sub: 13_372 },
    });
    expect(loaded.source).toHaveProperty("config", {
      "bootstrap.servers": "localhost:9092",
      "group.id": "threatbus",
      "auto.offset.reset": "earliest",
    });
    expect(warnings.map((warning) => warning.split(": ").slice(0, 2).join(": "))).toEqual([
      "config.yaml:2: x-defaults",
      "config.yaml:8: plugins.inmem",
      "config.yaml:9: plugins.zmq-app",
      "config.yaml:12: plugins.misp.filter",
    ]);
  });

  it("with a key that is nearly ours is warned about with a guess", () => {
    expect(config(`${minimal}\nloging: { console: false }`).warnings).toEqual([
      'config.yaml:2: loging: is not ours, and is skipped; did you mean "logging"?',
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
    writeFileSync(join(folder, "config.yaml"), minimal);
    expect(loadConfig({ environment: {}, workingDirectory: folder })).toMatchObject({
      file: join(folder, "config.yaml"),
    });
    writeFileSync(join(folder, "other.yaml"), minimal);
    expect(loadConfig({ file: "other.yaml", environment: {}, workingDirectory: folder })).toMatchObject({ ok: true });
  });
});

describe("the warning about single, different keys", () => {
  it("shows two spellings that can be pasted: each says without a warning what it is said to mean", () => {
    const tags = JSON.stringify(["TLP:RED", 'misp-galaxy:threat-actor="APT 29"', "a: #b", "\\*'"]);
    const written = `[{ orgs: [1] }, { tags: ${tags} }]`;
    const [warning = ""] = config(`plugins: { misp: { zmq: {}, filter: ${written} } }`).warnings;
    const [, and, explicit, or, either] =
      /means it: (.*)\. To say so explicitly: filter: (.*)\. For OR \((.*)\): filter: (.*)$/.exec(warning) ?? [];
    expect(and).toMatch(/^org 1 AND \(tag tlp:red OR /);
    for (const [filter, meaning] of [
      [explicit, and],
      [either, or],
    ]) {
      const pasted = config(`plugins: { misp: { zmq: {}, filter: ${filter} } }`);
      expect([pasted.config.filterText, pasted.warnings]).toEqual([meaning, []]);
    }
  });
});

describe("logging", () => {
  it("can be silent, or go to a file beside the configuration", () => {
    const written = "logging: { console: false, file: true, file_verbosity: ERROR, filename: a.log }";
    expect(config(`${minimal}\n${written}`).config.logging).toEqual({
      file: { path: join(folder, "a.log"), verbosity: "ERROR" },
    });
  });
});

describe("an empty source beside the other one", () => {
  it("is skipped with a warning, whichever it is", () => {
    const { config: loaded, warnings } = config("plugins: { misp: { zmq: , kafka: { topics: a, config: {} } } }");
    expect(loaded.source).toMatchObject({ kind: "kafka" });
    expect(warnings).toEqual(["config.yaml:1: plugins.misp.zmq: is empty, and is skipped"]);
  });

  it("that is empty too is told of each, not as two that are configured", () => {
    expect(problems("plugins: { misp: { zmq: , kafka: } }")).toEqual([
      "config.yaml:1: plugins.misp.zmq: expected a mapping, got nothing (the key is there, without a value)",
      "config.yaml:1: plugins.misp.kafka: expected a mapping, got nothing (the key is there, without a value)",
    ]);
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
      "config.yaml:4: plugins.apps.misp.zmq.port: expected a number of at most 65535, got 99999999",
      'config.yaml:4: plugins.apps.misp.zmq.hst: unknown key "hst"; did you mean "host"?',
      "config.yaml:5: plugins.apps.misp.kafka: zmq is configured too, and one program has one source; remove one of the two",
      "config.yaml:5: plugins.apps.misp.kafka.topics: expected something that is not empty, got a list",
      "config.yaml:5: plugins.apps.misp.kafka.config: expected a mapping, got nothing",
      "config.yaml:7: plugins.apps.misp.filter[0].types: MISP knows none of these types: ip-scr; nothing could ever pass; write ip-src",
      'config.yaml:8: plugins.apps.misp.filter[0].tag: unknown key "tag"; an item has orgs, types and tags; did you mean "tags"?',
      "config.yaml:9: plugins.apps.zmq.host: expected a text, got 1",
      "config.yaml:10: threatbus: plugins.apps.zmq is there too, and a program either hosts the Threat Bus protocol or joins a Threat Bus; remove one of the two",
      'config.yaml:11: logging.console_verbosity: expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL, got "INF"; did you mean "INFO"?',
    ]);
  });

  it("come all at once also without a source", () => {
    expect(problems("plugins: { apps: { misp: { filter: [], api: 5 } } }")).toEqual([
      expect.stringContaining("there is neither zmq nor kafka"),
      expect.stringContaining("plugins.apps.misp.filter: expected a list of items, got an empty list"),
      expect.stringContaining("plugins.apps.misp.api: expected a mapping, got 5"),
    ]);
  });

  it("name the file as it was named, so that an editor finds it", () => {
    mkdirSync(join(folder, "conf"));
    writeFileSync(join(folder, "conf/a.yaml"), "plugins: {}");
    const loaded = loadConfig({ file: "conf/a.yaml", environment: {}, workingDirectory: folder });
    expect(loaded.ok ? "" : formatProblems(loaded.problems)).toMatch(/^conf\/a\.yaml:1: plugins: /);
  });

  it.each<[string, string, RegExp]>([
    ["no source", "plugins: { apps: { misp: {} } }", /neither zmq nor kafka/],
    ["no misp section", "plugins: { apps: {} }", /there is no misp section; add plugins\.apps\.misp/],
    ["a misspelt misp section", "plugins: { apps: { mips: {} } }", /did you mean "misp" by "plugins\.apps\.mips"\?/],
    ["plugins as a list", "plugins: { apps: [misp] }", /plugins\.apps: expected a mapping, got a list/],
    ["an empty file", "", /plugins/],
    ["a list", "- a", /expected a mapping/],
    ["broken YAML", "plugins: [", /^config\.yaml:\d+: not YAML/],
    ["a key twice", `${minimal}\nstate: {}\nstate: {}`, /^config\.yaml:3: not YAML: Map keys must be unique/],
    ["a section within itself", "plugins: &p { misp: { zmq: {} }, apps: *p }", /plugins\.misp: is there twice/],
    ["misp in both layouts", "plugins: { misp: { zmq: {} }, apps: { misp: { zmq: {} } } }", /is there twice/],
    ["an empty filter", "plugins: { apps: { misp: { zmq: {}, filter: } } }", /filter: expected a list of items/],
    ["an empty zmq section", "plugins: { apps: { misp: { zmq: } } }", /zmq: expected a mapping, got nothing/],
    ["a password alone", "plugins: { apps: { misp: { zmq: { password: x } } } }", /belong together/],
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
    [
      "an unknown unit of time",
      "plugins: { misp: { kafka: { topics: a, config: {}, poll_interval: 5 min } } }",
      /a time/,
    ],
    [
      "no time at all",
      "plugins: { misp: { zmq: {}, api: { host: https://h, timeout: 0s } } }",
      /timeout: expected a time/,
    ],
    ["a Threat Bus with an impossible port", `${minimal}\nthreatbus: localhost:99999`, /threatbus: expected host:port/],
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

  it.each([
    ["the older", "plugins: { misp: { zmq: {} } }", "THREATBUS_PLUGINS__APPS__MISP__ZMQ__PORT"],
    ["today's", minimal, "THREATBUS_PLUGINS__MISP__ZMQ__PORT"],
  ])("reaches a file in %s layout from the other", (_, text, variable) => {
    expect(config(text, { [variable]: "50009" }).config.source).toMatchObject({ port: 50_009 });
  });

  it("is enough for a section that the file does not have", () => {
    expect(config("plugins: {}", { THREATBUS_PLUGINS__APPS__MISP__ZMQ__HOST: "h" }).config.source).toMatchObject({
      host: "h",
    });
  });

  it("is named when it is what is wrong", () => {
    expect(problems(minimal, { THREATBUS_PLUGINS__APPS__MISP__ZMQ__PORT: "x" })[0]).toMatch(
      /^environment variable THREATBUS_PLUGINS__APPS__MISP__ZMQ__PORT: plugins\.apps\.misp\.zmq\.port: expected a (whole )?number, got "x"/,
    );
  });

  it("is named also where the file has the older layout", () => {
    expect(problems("plugins: { misp: { zmq: {} } }", { THREATBUS_PLUGINS__APPS__MISP__ZMQ__PORT: "0" })).toEqual([
      "environment variable THREATBUS_PLUGINS__APPS__MISP__ZMQ__PORT: plugins.misp.zmq.port: expected a number of at least 1, got 0",
    ]);
  });

  it("systemd's state directory is used unless the file has a path", () => {
    expect(config(minimal, { STATE_DIRECTORY: "/var/lib/a:/var/lib/b" }).config.statePath).toBe("/var/lib/a");
    expect(config(`${minimal}\nstate: { path: s }`, { STATE_DIRECTORY: "/var/lib/a" }).config.statePath).toBe(
      join(folder, "s"),
    );
  });
});

describe("Kafka's topics", () => {
  const warnings = (topics: string, filter: string) =>
    config(`plugins: { misp: { filter: ${filter}, kafka: { topics: ${topics}, config: {} } } }`).warnings;

  it("are warned about when the filter asks for tags and none of them looks like MISP's tag notifications", () => {
    expect(warnings("[misp_attribute]", "[{ tags: ['tlp:red'] }]")).toEqual([
      expect.stringMatching(/^config.yaml:1: plugins.misp.kafka.topics: the filter asks for tags, .*misp_tag/),
    ]);
    expect(warnings("[misp_attribute, misp_tag]", "[{ tags: ['tlp:red'] }]")).toEqual([]);
    expect(warnings("['^misp_.*']", "[{ tags: ['tlp:red'] }]")).toEqual([]);
    expect(warnings("[misp_attribute]", "[{ types: [domain] }]")).toEqual([]);
  });
});

describe("the bus", () => {
  const bus = (text: string) => config(`${minimal}\n${text}`).config.bus;
  const older = (section: string) => `plugins:\n  misp: { zmq: {} }\n  ${section}`;

  it.each([
    ["plugins.zmq-app", older("zmq-app: { manage: 4000 }")],
    ["plugins.zmq_app", older("zmq_app: { manage: 4000 }")],
    ["plugins.apps.zmq-app", "plugins:\n  apps:\n    misp: { zmq: {} }\n    zmq-app: { manage: 4000 }"],
    ["plugins.apps.zmq_app", "plugins:\n  apps:\n    misp: { zmq: {} }\n    zmq_app: { manage: 4000 }"],
  ])("is hosted by its former name %s too, and the present one is told", (path, text) => {
    const { config: loaded, warnings } = config(text);
    expect(loaded.bus).toMatchObject({ kind: "host", manage: 4_000 });
    const present = path.replace(/zmq.app/, "zmq");
    const line = path.includes("apps") ? 4 : 3;
    expect(warnings).toEqual([
      `config.yaml:${line}: ${path}: is Threat Bus' former name for zmq, and is read as ${present}`,
    ]);
  });

  it("by its former name is overridden by the environment, and what is wrong in it has its line", () => {
    const text = older("zmq-app:\n    manage: 4000\n    pubs: 1");
    expect(problems(text)).toEqual(['config.yaml:5: plugins.zmq.pubs: unknown key "pubs"; did you mean "pub"?']);
    const { bus: overridden } = config(older("zmq-app: { manage: 4000 }"), {
      THREATBUS_PLUGINS__APPS__ZMQ__PUB: "4001",
      THREATBUS_PLUGINS__ZMQ_APP__SUB: "4002",
    }).config;
    expect(overridden).toMatchObject({ manage: 4_000, pub: 4_001, sub: 4_002 });
  });

  it("by both names is a problem, as is a joined bus beside the former name", () => {
    expect(problems(older("zmq: {}\n  zmq-app: {}"))).toEqual([
      "config.yaml:4: plugins.zmq-app: is there twice: plugins.zmq too; keep one of the two",
    ]);
    expect(problems("plugins: { misp: { zmq: {} }, zmq-app: {} }\nthreatbus: a:1")).toEqual([
      expect.stringMatching(/^config.yaml:2: threatbus: plugins.zmq is there too/),
    ]);
  });

  it("is standard output, a Threat Bus to join, or the protocol hosted here", () => {
    expect(bus("")).toEqual({ kind: "ndjson" });
    expect(bus("threatbus: bus.example:13370")).toEqual({ kind: "join", host: "bus.example", port: 13_370 });
    expect(bus("threatbus: '[::1]:1'")).toEqual({ kind: "join", host: "[::1]", port: 1 });
    expect(config("plugins: { misp: { zmq: {} }, zmq: { manage: 1 } }").config.bus).toEqual({
      kind: "host",
      host: "127.0.0.1",
      manage: 1,
      pub: 13_371,
      sub: 13_372,
    });
  });
});
