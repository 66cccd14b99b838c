import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { compileFilter, describeFilter, mispTypes } from "@tb/misp-core";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { type Override, readOverrides } from "./environment.ts";
import { type ConfigPath, type ConfigProblem, dotted, explainIssue } from "./problem.ts";
import { collectSecrets } from "./redact.ts";
import { type Config, type ConfigFile, fileSchema } from "./schema.ts";

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[]; readonly file: string }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface LoadOptions {
  /** @default `config.yaml` or `config.yml` in the working directory */
  readonly file?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

type Misp = NonNullable<ConfigFile["plugins"]["misp"]>;
type Raw = Record<string, unknown>;

/** Reads, checks and completes the configuration. Every problem is reported at once. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const file = findFile(options);
  if (file === undefined) {
    const message = `there is no config.yaml or config.yml in ${options.workingDirectory}`;
    return {
      ok: false,
      problems: [
        { where: "threatbus-misp", path: "", message, suggestion: "name one with -c FILE; the README has an example" },
      ],
    };
  }
  let source: string;
  try {
    source = readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [{ where: file, path: "", message: `cannot be read (${reason})` }] };
  }
  return createLoader(file, source, options.environment).load();
}

function findFile({ file, workingDirectory }: LoadOptions): string | undefined {
  if (file !== undefined) return resolve(workingDirectory, file);
  return ["config.yaml", "config.yml"].map((name) => join(workingDirectory, name)).find((path) => existsSync(path));
}

/** One load: what it has found wrong and doubtful so far. */
function createLoader(file: string, source: string, environment: LoadOptions["environment"]) {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines });
  const name = basename(file);
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  let overrides: readonly Override[] = [];

  /** Where a path stands: the variable that set it, else the line of it or of what it is missing from. */
  const whereIs = (path: ConfigPath): string => {
    const override = overrides.find((o) => o.path.every((part, i) => part === path[i]));
    return override === undefined
      ? `${name}:${lineOf(document, lines, path)}`
      : `environment variable ${override.variable}`;
  };
  const report = (path: ConfigPath, message: string, suggestion?: string) => {
    problems.push({
      where: whereIs(path),
      path: dotted(path),
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  };
  const warn = (path: ConfigPath, message: string) =>
    void warnings.push(`${whereIs(path)}: ${dotted(path)}: ${message}`);

  /** Reads a secret that may stand in a file of its own. */
  const readSecret = (path: ConfigPath, section: Raw, key: string): string | undefined => {
    const inline = section[key] as string | undefined;
    const secretFile = section[`${key}_file`] as string | undefined;
    if (secretFile === undefined) return inline;
    const place = [...path, `${key}_file`];
    if (inline !== undefined) report(place, `"${key}" is set too`, "keep one of the two");
    const from = resolve(dirname(file), secretFile);
    try {
      return readFileSync(from, "utf8").trimEnd();
    } catch (error) {
      report(place, `${from} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
      return undefined;
    }
  };

  /** The section of a plugin in whichever layout the file has. */
  const findSection = (raw: Raw, plugin: string): ConfigPath | undefined => {
    const plugins = asMapping(raw["plugins"]);
    const inApps = asMapping(plugins["apps"])[plugin] !== undefined;
    if (inApps && plugins[plugin] !== undefined) {
      report(["plugins", plugin], `is there twice: plugins.apps.${plugin} too`, "keep one of the two");
    }
    if (inApps) return ["plugins", "apps", plugin];
    return plugins[plugin] === undefined ? undefined : ["plugins", plugin];
  };

  const warnForeign = (raw: Raw) => {
    const ours: readonly (readonly [ConfigPath, readonly string[]])[] = [
      [[], ["logging", "plugins", "threatbus", "state"]],
      [["plugins"], ["apps", "backbones", "misp", "zmq"]],
      [
        ["plugins", "apps"],
        ["misp", "zmq"],
      ],
    ];
    for (const [path, known] of ours) {
      for (const key of Object.keys(asMapping(path.reduce<unknown>((value, part) => asMapping(value)[part], raw)))) {
        if (!known.includes(key)) warn([...path, key], "is not ours, and is skipped");
      }
    }
    if (asMapping(raw["plugins"])["backbones"] !== undefined)
      warn(["plugins", "backbones"], "is not needed here, and is skipped");
  };

  const check = (raw: Raw): ConfigFile | undefined => {
    const parsed = fileSchema.safeParse(raw);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) {
      const value = (issue.path as ConfigPath).reduce<unknown>((v, part) => asMapping(v)[part], raw);
      for (const { path, message, suggestion } of explainIssue(issue, value, keysOf(issue.path as ConfigPath))) {
        report(path, message, suggestion);
      }
    }
    return undefined;
  };

  const readFilter = (path: ConfigPath, raw: unknown) => {
    const compiled = compileFilter(raw, { mispTypes });
    if (!compiled.ok) {
      for (const problem of compiled.problems) report([...path, ...problem.path], problem.message, problem.suggestion);
      return undefined;
    }
    for (const { path: below, message, suggestion } of compiled.warnings) {
      warn([...path, ...below], suggestion === undefined ? message : `${message}; write ${suggestion}`);
    }
    return compiled.filter;
  };

  /** One source, whatever else is wrong. */
  const checkTransport = (path: ConfigPath, section: Raw) => {
    const [zmq, kafka] = ["zmq" in section, "kafka" in section];
    if (zmq && kafka) {
      report([...path, "kafka"], "zmq is configured too, and one program has one source", "remove one of the two");
    } else if (!zmq && !kafka) {
      report(
        path,
        "there is neither zmq nor kafka, so nothing to receive",
        "for example zmq: { host: misp.example, port: 50000 }",
      );
    }
  };

  const readSource = (path: ConfigPath, { zmq, kafka }: Misp): Config["source"] | undefined => {
    if (zmq !== undefined) {
      const password = readSecret([...path, "zmq"], zmq, "password");
      const { host, port, username } = zmq;
      if ((username === undefined) !== (password === undefined)) {
        report([...path, "zmq"], "username and password belong together", "set both or neither, as in MISP");
      }
      return {
        kind: "zmq",
        host,
        port,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
      };
    }
    if (kafka === undefined) return undefined;
    return { kind: "kafka", topics: kafka.topics, pollIntervalMs: kafka.poll_interval * 1000, config: kafka.config };
  };

  const load = (): LoadedConfig => {
    for (const error of document.errors) {
      const [message = ""] = error.message.split("\n");
      problems.push({ where: `${name}:${error.linePos?.[0].line ?? 1}`, path: "", message: `not YAML: ${message}` });
    }
    if (problems.length > 0) return { ok: false, problems };
    const written: unknown = document.toJS() ?? {};
    if (typeof written !== "object" || Array.isArray(written)) {
      return {
        ok: false,
        problems: [{ where: `${name}:1`, path: "", message: "expected a mapping with plugins in it" }],
      };
    }
    const raw = written as Raw;
    overrides = readOverrides(environment).map((override) =>
      override.path.length < 2 ? override : toLayoutOf(raw, override),
    );
    for (const { path, value } of overrides) setIn(raw, path, value);

    const mispPath = findSection(raw, "misp");
    const hostPath = findSection(raw, "zmq");
    if (mispPath === undefined && problems.length === 0) {
      report(["plugins"], "there is no misp section", "add plugins.apps.misp; the README has an example");
    }
    warnForeign(raw);
    const rawMisp = asMapping(mispPath?.reduce<unknown>((value, part) => asMapping(value)[part], raw));
    if (mispPath !== undefined) checkTransport(mispPath, rawMisp);
    const checked = check(raw);
    const misp = checked?.plugins.apps?.misp ?? checked?.plugins.misp;
    const filter =
      mispPath === undefined
        ? undefined
        : readFilter([...mispPath, "filter"], "filter" in rawMisp ? rawMisp["filter"] : undefined);
    if (raw["threatbus"] !== undefined && hostPath !== undefined) {
      report(
        ["threatbus"],
        `${dotted(hostPath)} is there too, and a program either hosts the Threat Bus protocol or joins a Threat Bus`,
        "remove one of the two",
      );
    }
    const mispSource = misp === undefined || mispPath === undefined ? undefined : readSource(mispPath, misp);
    const key =
      misp?.api === undefined || mispPath === undefined ? undefined : readSecret([...mispPath, "api"], misp.api, "key");
    if (
      checked === undefined ||
      misp === undefined ||
      mispPath === undefined ||
      filter === undefined ||
      mispSource === undefined ||
      problems.length > 0
    ) {
      return { ok: false, problems };
    }

    for (const path of [hostPath, raw["threatbus"] === undefined ? undefined : ["threatbus"]]) {
      if (path !== undefined) warn(path, "is not built yet: STIX objects go to standard output, one per line");
    }
    if (misp.api !== undefined) {
      warn([...mispPath, "api"], "is not built yet, except that the links in indicators lead to its host");
    }
    const withSecrets = {
      ...misp,
      ...(misp.api === undefined ? {} : { api: { ...misp.api, key } }),
      ...(mispSource.kind === "zmq" && misp.zmq ? { zmq: { ...misp.zmq, password: mispSource.password } } : {}),
    } as Misp;
    return {
      ok: true,
      file,
      warnings,
      config: {
        source: mispSource,
        filter,
        filterText: describeFilter(filter),
        ...(misp.api === undefined ? {} : { baseUrl: toBaseUrl(misp.api.host) }),
        statePath: statePath(file, checked.state.path, environment),
        logging: toLogging(file, checked.logging),
        secrets: collectSecrets(withSecrets),
      },
    };
  };
  return { load };
}

/** The environment names the layout of today; the file may have the older one. */
function toLayoutOf(raw: Raw, override: Override): Override {
  const [root, apps, plugin = "", ...rest] = override.path;
  const plugins = asMapping(raw["plugins"]);
  const isOld =
    root === "plugins" &&
    apps === "apps" &&
    plugins[plugin] !== undefined &&
    asMapping(plugins["apps"])[plugin] === undefined;
  return isOld ? { ...override, path: ["plugins", plugin, ...rest] } : override;
}

function setIn(raw: Raw, path: readonly string[], value: unknown): void {
  const [key = "", ...rest] = path;
  if (rest.length === 0) {
    raw[key] = value;
    return;
  }
  raw[key] = { ...asMapping(raw[key]) };
  setIn(raw[key] as Raw, rest, value);
}

function asMapping(value: unknown): Raw {
  return typeof value === "object" && value !== null ? (value as Raw) : {};
}

/** The keys that a section knows, from the schema. */
function keysOf(path: ConfigPath): readonly string[] {
  let schema: unknown = fileSchema;
  for (const part of path) {
    schema = unwrap(schema);
    schema = (schema as { shape?: Record<string, unknown> }).shape?.[String(part)];
  }
  return Object.keys((unwrap(schema) as { shape?: object } | undefined)?.shape ?? {});
}

function unwrap(schema: unknown): unknown {
  let inner = schema as { def?: { innerType?: unknown } } | undefined;
  while (inner?.def?.innerType !== undefined) inner = inner.def.innerType as typeof inner;
  return inner;
}

/** The line of a path, or of the nearest thing around it that is there. */
function lineOf(document: Document, lines: LineCounter, path: ConfigPath): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    const parent = document.getIn(path.slice(0, length - 1), true) as { items?: { key?: unknown }[] } | undefined;
    const key = parent?.items?.find(({ key: candidate }) => String(candidate) === String(path[length - 1]))?.key;
    const at = isNode(key) ? key.range : isNode(node) ? node.range : undefined;
    if (at) return lines.linePos(at[0]).line;
  }
  return 1;
}

function statePath(file: string, path: string | undefined, environment: LoadOptions["environment"]): string {
  if (path !== undefined) return isAbsolute(path) ? path : resolve(dirname(file), path);
  // systemd may name several, with colons between them.
  const fromSystemd = environment["STATE_DIRECTORY"]?.split(":")[0];
  return fromSystemd ? resolve(fromSystemd) : join(dirname(file), ".threatbus-misp");
}

/** Links need no user information, and must not show it. */
function toBaseUrl(host: string): string {
  const url = new URL(host);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function toLogging(file: string, logging: ConfigFile["logging"]): Config["logging"] {
  return {
    ...(logging.console ? { console: { verbosity: logging.console_verbosity } } : {}),
    ...(logging.file
      ? { file: { path: resolve(dirname(file), logging.filename), verbosity: logging.file_verbosity } }
      : {}),
  };
}
