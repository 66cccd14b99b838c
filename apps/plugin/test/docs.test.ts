import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFilter, decode, describeFilter } from "@tb/misp-core";
import { createZmqPublisher } from "@tb/misp-simulator";
import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../src/config/load.ts";
import { formatProblems } from "../src/config/problem.ts";
import { type Command, createCommands } from "./command.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "packages/misp-core/README.md",
  "packages/source-kafka/README.md",
  "packages/source-zmq/README.md",
  "packages/misp-api/README.md",
  "packages/misp-sightings/README.md",
  "packages/bus-zmq/README.md",
  "apps/plugin/README.md",
  "apps/misp-simulator/README.md",
  "docs/architecture.md",
  "docs/coming-from-threatbus-misp.md",
  "docs/completeness.md",
  "docs/development.md",
  "docs/performance.md",
  "docs/quality-gates.md",
  ...["README", "dependencies", "kafka", "publish-messages", "outdated-patterns", "versions", "releases"].map(
    (name) => `docs/decisions/${name}.md`,
  ),
];

interface Snippet {
  readonly page: string;
  readonly kind: string;
  readonly text: string;
}
const snippets: readonly Snippet[] = pages.flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/^```([^\n]*)\n([\s\S]*?)^```/gm)].map(
    ([, kind = "", text = ""]) => ({ page, kind, text }),
  ),
);
const of = (kind: string) =>
  snippets.filter((snippet) => snippet.kind === kind).map((snippet) => [snippet.page, snippet.text] as const);

/** The list of exceptions that the page about them shows. */
const exceptions = snippets.find(({ page, kind }) => page === "docs/quality-gates.md" && kind === "text")?.text ?? "";

const installable = [
  "@tb/misp-core",
  "@tb/plugin",
  "@tb/source-kafka",
  "@tb/source-zmq",
  "@tb/misp-api",
  "@tb/misp-sightings",
  "@tb/bus-zmq",
];

const commands = createCommands("docs");
beforeEach(() => commands.write("exceptions.txt", exceptions));

function load(text: string, environment: Readonly<Record<string, string>> = {}) {
  commands.configure(text);
  return loadConfig({ environment, workingDirectory: commands.path() });
}

describe("snippets", () => {
  it("are of kinds that are tested, or tested beside their page", () => {
    // ts: each package runs its own README's example. text: output. sh elsewhere: for machines and programs that are not here.
    expect(snippets.length).toBeGreaterThan(10);
    for (const { page, kind } of snippets) {
      expect([
        page,
        ["sh", "sh elsewhere", "yaml", "yaml filter", "yaml with warnings", "ts", "json", "text", ""].includes(kind),
      ]).toEqual([page, true]);
    }
  });

  it.each(of("yaml"))("%s: the configuration loads without a warning", (page, text) => {
    // It shows every way, also those that exclude each other.
    if (page === "docs/architecture.md") return expect(parse(text)).toBeTypeOf("object");
    expect(load(text)).toMatchObject({ ok: true, warnings: [] });
  });

  it("the list of exceptions means what its page says", () => {
    const [, text = ""] = of("yaml").find(([page]) => page === "docs/quality-gates.md") ?? [];
    const loaded = load(text);
    const list = loaded.ok ? loaded.config.gates.except?.list : undefined;
    expect(list?.size).toBe(6);
    expect(list?.exceptionFor("domain|ip", "www.example.org|198.51.100.1")).toBe("example.org");
    expect(list?.exceptionFor("ip-dst|port", "198.51.100.1|443")).toBeUndefined();
  });

  it("configurations with warnings load with those that stand below them, and no other", () => {
    const withWarnings = snippets.flatMap(({ page, kind, text }, i) =>
      kind === "yaml with warnings" ? [{ page, text, below: snippets[i + 1] }] : [],
    );
    expect(withWarnings.length).toBeGreaterThan(2);
    for (const { page, text, below } of withWarnings) {
      expect(below).toMatchObject({ page, kind: "text" });
      expect(load(text)).toMatchObject({ ok: true, warnings: below?.text.trimEnd().split("\n") });
    }
  });

  it("the filter examples mean what the README says", () => {
    const described = of("yaml filter").map(([, text]) => {
      const compiled = compileFilter(parse(text).filter);
      return compiled.ok ? describeFilter(compiled.filter) : compiled.problems;
    });
    expect(described).toEqual([
      "org 1 OR org 25",
      "(org 1 OR org 25) AND (type domain OR type url OR type uri)",
      "type ip-src AND (tag tlp:red OR tag tlp:amber)",
    ]);
    expect(readFileSync(join(root, "README.md"), "utf8")).toContain(described[1]);
  });

  it("commands of the workspace exist, with the pinned pnpm", () => {
    const lines = of("sh").flatMap(([page, text]) =>
      text
        .trim()
        .split("\n")
        .map((line) => [page, line] as const),
    );
    const unknown = lines.filter(([, line]) => {
      const pnpm = /^npx -y (pnpm@\S+) (\S+)/.exec(line);
      if (pnpm) return pnpm[1] !== manifest.packageManager || !(pnpm[2] ?? "" in manifest.scripts);
      const install = /^npm install ((?:@tb\/[a-z-]+ ?)+)$/.exec(line);
      // installed.test.ts installs the packed tarballs of these.
      if (install) return install[1]?.split(" ").some((name) => !installable.includes(name));
      if (/^npx threatbus-misp( check)?$/.test(line)) return false;
      // tap.test.ts and explain.test.ts run these, with these options.
      if (/^npx threatbus-misp tap( --explain| --count \d+ --json > \S+)?$/.test(line)) return false;
      if (/^npx threatbus-misp explain \S+$/.test(line)) return false;
      // dead-letters.test.ts runs these.
      if (/^npx threatbus-misp dead-letters (list|(show|retry|drop) \S+)$/.test(line)) return false;
      return !/^node --import tsx --conditions=@tb\/source \S+/.test(line);
    });
    expect(unknown).toEqual([]);
  });

  it("CONTRIBUTING names scripts that exist", () => {
    const page = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    const named = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([a-z]+)`/g)].map(([, name]) => name));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !(String(name) in manifest.scripts))).toEqual([]);
  });

  it("links lead to files that exist", () => {
    const broken = pages.flatMap((page) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => !/^https?:/.test(target))
        .filter((target) => !existsSync(resolve(root, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("links into a page lead to headings that it has", () => {
    const anchorsOf = (page: string) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
        heading
          .toLowerCase()
          .replace(/[^\p{L}\p{N}_ -]/gu, "")
          .replaceAll(" ", "-"),
      );
    const links = pages.flatMap((page) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#\s:]*)#([^)\s]+)\)/g)].map(
        ([, target = "", anchor = ""]) => ({
          page,
          target: target === "" ? page : join(dirname(page), target),
          anchor,
        }),
      ),
    );
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter(({ target, anchor }) => !anchorsOf(target).includes(anchor))).toEqual([]);
  });

  it("every page is looked at", () => {
    const all = readdirSync(join(root, "docs"), { recursive: true })
      .map((page) => `docs/${page}`)
      .filter((page) => page.endsWith(".md"));
    expect(all.filter((page) => !pages.includes(page) && page !== "docs/mapping.md")).toEqual([]);
  });
});

describe("the development page", () => {
  const page = readFileSync(join(root, "docs/development.md"), "utf8");
  const { environment, ports } = parse(readFileSync(join(root, "docs/kafka-compose.yaml"), "utf8")).services.kafka;
  // As Compose does where the variable is not set.
  const withDefaults = (text: string) => text.replace(/\$\{\w+:-([^}]*)\}/g, "$1");
  const byListener = (text: string, separator: string) =>
    Object.fromEntries(text.split(",").map((item) => item.split(separator) as [string, string]));
  const advertised = byListener(withDefaults(environment.KAFKA_ADVERTISED_LISTENERS), "://");
  const bound = byListener(environment.KAFKA_LISTENERS, "://:");

  it("names the listeners of the compose file, with their addresses", () => {
    const rows = [...page.matchAll(/^\| `([A-Z]+)` +\|[^|]+\| +(?:`([^`]+)`)? +\|$/gm)];
    const named = Object.fromEntries(rows.map(([, listener, address]) => [listener, address]));
    expect(named).toEqual({ ...advertised, CONTROLLER: undefined });
    expect(Object.keys(named).sort()).toEqual(Object.keys(bound).sort());
    expect(page).toContain(`bootstrap.servers: ${advertised["HOST"]}\n`);
    expect(page).toContain(`Plugin.Kafka_brokers ${advertised["VM"]}\n`);
    expect(page).toContain(`--bootstrap-server ${advertised["CONTAINER"]} `);
  });

  it("describes a compose file whose listeners fit together", () => {
    for (const [listener, address] of Object.entries(advertised))
      expect(address).toMatch(RegExp(`:${bound[listener]}$`));
    const protocols = byListener(environment.KAFKA_LISTENER_SECURITY_PROTOCOL_MAP, ":");
    expect(Object.keys(protocols).sort()).toEqual(Object.keys(bound).sort());
    expect(Object.keys(bound)).toContain(environment.KAFKA_CONTROLLER_LISTENER_NAMES);
    expect(Object.keys(advertised)).toContain(environment.KAFKA_INTER_BROKER_LISTENER_NAME);
    expect(environment.KAFKA_CONTROLLER_QUORUM_VOTERS).toBe(
      `${environment.KAFKA_NODE_ID}@kafka:${bound["CONTROLLER"]}`,
    );
    expect(ports.map(withDefaults)).toEqual(
      ["HOST", "VM"].map((listener) => `127.0.0.1:${bound[listener]}:${bound[listener]}`),
    );
  });

  it("sends a message that is understood", () => {
    const [message = ""] = /^\{.*\}$/m.exec(page) ?? [];
    const decoded = decode({ topic: "misp_attribute", body: new TextEncoder().encode(message), observedAtMs: 1 });
    expect(decoded).toMatchObject({ ok: true, changes: [{ kind: "attribute" }] });
  });
});

describe("the page for users of the Python plugin", () => {
  const name = "docs/coming-from-threatbus-misp.md";
  const page = readFileSync(join(root, name), "utf8");
  const configurations = snippets.filter(({ page, kind }) => page === name && /^yaml/.test(kind));

  it("shows files of each layout and each bus, with the filter that they mean here", () => {
    const loaded = configurations.map(({ text }) => load(text));
    const meant = loaded.map(
      (each) => each.ok && [each.config.source.kind, each.config.bus.kind, each.config.filterText],
    );
    expect(meant).toEqual([
      [
        "zmq",
        "ndjson",
        "((org 1 OR org 25) AND (type ip-src OR type ip-dst OR type hostname OR type domain OR type url) AND " +
          "(tag tlp:amber OR tag tlp:red)) OR org 2",
      ],
      ["kafka", "host", "(org 1 OR org 25) AND type ip-src"],
      ["zmq", "host", "everything"],
      ["zmq", "join", "type ip-src OR type ip-dst OR type domain OR type url"],
    ]);
  });

  it("sets a filter in the environment that is read here, and one that is not", () => {
    const lines = [...page.matchAll(/^export (\w+)='([^']+)' +# (there|here)$/gm)];
    const filters = lines.map(([, variable = "", value = "", where]) => {
      const loaded = load(configurations[0]?.text ?? "", { [variable]: value });
      return [where, loaded.ok && loaded.config.filterText];
    });
    expect(filters).toEqual([
      ["there", false],
      ["here", "type url"],
    ]);
  });

  it.each([
    ["an empty list", (text: string) => text.replace('["2"]', "[]"), "filter[1].orgs: expected a list with at least"],
    [
      "an empty filter",
      (text: string) => text.replace(/filter:[\s\S]*(?= {4}zmq)/, "filter: []\n"),
      "an empty filter does",
    ],
    ["a misspelt key", (text: string) => text.replace("- orgs", "- org"), 'did you mean "orgs"?'],
    ["a key that does not exist", (text: string) => `${text}      nonsense: 1\n`, 'unknown key "nonsense"'],
    ["zmq and kafka", (text: string) => `${text}    kafka: { topics: [a], config: {} }\n`, "zmq is configured too"],
  ])("refuses %s, as it says", (_, change, expected) => {
    const loaded = load(change(configurations[0]?.text ?? ""));
    expect(loaded.ok ? "loaded" : formatProblems(loaded.problems)).toContain(expected);
  });

  it("counts the types with a pattern as the mapping does", () => {
    const [, count] = /^(\d+) types have a pattern:$/m.exec(readFileSync(join(root, "docs/mapping.md"), "utf8")) ?? [];
    expect(page).toContain(`[${count} types](mapping.md)`);
  });
});

describe("the design's layout", () => {
  const [, layout = ""] =
    /^## Layout[^`]*(?:`[^`\n]+`[^`]*)*```\n([\s\S]*?)^```/m.exec(
      readFileSync(join(root, "docs/architecture.md"), "utf8"),
    ) ?? [];
  const sections = [...layout.matchAll(/^(\S+)\/src\/\n((?: .*\n)+)/gm)].map(([, home = "", text = ""]) => {
    const files = readdirSync(join(root, home, "src"), { recursive: true, encoding: "utf8" });
    return { home, text, files: files.filter((file) => /(?<!\.test)\.ts$/.test(file)) };
  });

  it("has a section for each package", () => {
    const homes = ["packages", "apps"].flatMap((place) =>
      readdirSync(join(root, place)).map((name) => `${place}/${name}`),
    );
    expect(sections.map(({ home }) => home).sort()).toEqual(homes.sort());
  });

  it.each(sections)("of $home names every file, and nothing that is not there", ({ text, files }) => {
    const words = new Set(text.match(/[\w-]+/g));
    const names = files.map((file) => basename(file, ".ts"));
    expect(names.filter((name) => name !== "index" && !words.has(name))).toEqual([]);
    const named = [...text.matchAll(/([\w-]+)\.ts\b/g)].map(([, name = ""]) => name);
    expect(named.filter((name) => !names.includes(name))).toEqual([]);
    const folders = [...text.matchAll(/(?<![.\w/-])([\w-]+)\/(?=[\s:;,])/g)].map(([, name = ""]) => name);
    expect(folders.filter((name) => !files.some((file) => dirname(file).split("/").includes(name)))).toEqual([]);
  });
});

describe("the README's configuration", () => {
  const config = of("yaml")[0]?.[1] ?? "";

  function start(parameters: readonly string[], port: number): Command {
    // Its host cannot be reached here; all else stays as it is.
    commands.configure(config.replace("misp.example", "127.0.0.1").replace("50000", String(port)));
    return commands.start(parameters);
  }

  it("is checked by `threatbus-misp check`", async () => {
    const { closed, stdout } = start(["check"], 50_000);
    expect(await closed).toBe(0);
    expect(stdout()).toContain(
      "(type ip-src OR type ip-dst OR type domain OR type url) AND (tag tlp:clear OR tag tlp:green)",
    );
  });

  it("runs with `threatbus-misp`, and ends at SIGTERM", async () => {
    await using publisher = await createZmqPublisher({ watchSubscriptions: true });
    const program = start([], publisher.port);
    await publisher.subscriptions.atLeast("misp_json_attribute ", 1);
    await program.stop();
    expect(program.stdout()).toBe("");
  });
});
