import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { compileFilter, describeFilter, type Filter } from "@tb/misp-core";
import { type ApiConfig, readApi } from "./api.ts";
import { type ConfigDocument, parseConfig } from "./document.ts";
import { readOverrides, toLayoutOf } from "./environment.ts";
import { type GatesConfig, readGates } from "./gates.ts";
import { renameOld, toPresentName } from "./old-names.ts";
import { type ConfigProblem, dotted, explainIssue } from "./problem.ts";
import { createReport, type Report } from "./report.ts";
import { type Config, type ConfigFile, fileSchema, knownKeys } from "./schema.ts";
import { collectSecrets, placeSecrets } from "./secrets.ts";
import { chooseTransport, findSection, reportNoMisp, warnForeign } from "./sections.ts";
import { readSightings, type SightingsConfig } from "./sightings.ts";
import { asMapping, type ConfigPath, getIn, setIn, type Tree } from "./tree.ts";

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

/** Reads, checks and completes the configuration. Every problem is reported at once. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const file = findFile(options);
  if (file === undefined) {
    const message = `there is no config.yaml or config.yml in ${options.workingDirectory}`;
    const suggestion = "name one with -c FILE; the README has an example";
    return { ok: false, problems: [{ where: "threatbus-misp", path: "", message, suggestion }] };
  }
  let source: string;
  try {
    source = readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [{ where: file, path: "", message: `cannot be read (${reason})` }] };
  }
  // As it was named, so that an editor finds it from where the program was started.
  const name = options.file ?? basename(file);
  const parsed = parseConfig(source, name);
  return parsed.ok ? interpret(parsed.document, name, file, options.environment) : parsed;
}

function findFile({ file, workingDirectory }: LoadOptions): string | undefined {
  if (file !== undefined) return resolve(workingDirectory, file);
  return ["config.yaml", "config.yml"].map((name) => join(workingDirectory, name)).find((path) => existsSync(path));
}

/** From what is written to what it means. Nothing returns before the last part has been looked at. */
function interpret(
  document: ConfigDocument,
  name: string,
  file: string,
  environment: LoadOptions["environment"],
): LoadedConfig {
  const { raw } = document;
  const renamed = renameOld(raw);
  // The broader first, so that what is said about one setting holds against what is said about its section.
  const overrides = readOverrides(environment)
    .map((override) => toLayoutOf(raw, { ...override, path: toPresentName(override.path) }))
    .sort((a, b) => a.path.length - b.path.length);
  for (const { path, value } of overrides) setIn(raw, path, value);
  const covers = (path: ConfigPath) => overrides.findLast((o) => o.path.every((part, i) => part === path[i]));
  const report = createReport((path) => {
    const override = covers(path);
    if (override !== undefined) return { where: `environment variable ${override.variable}`, line: 0 };
    const old = renamed.find(({ to, twice }) => !twice && to.every((part, i) => part === path[i]));
    const line = document.lineOf(old === undefined ? path : [...old.from, ...path.slice(old.to.length)]);
    return { where: `${name}:${line}`, line };
  });
  for (const { from, to, twice } of renamed) {
    if (twice) report.problem(from, `is there twice: ${dotted(to)} too`, "keep one of the two");
    else report.warn(from, `is Threat Bus' former name for zmq, and is read as ${dotted(to)}`);
  }

  const mispPath = findSection(raw, "misp", report);
  const hostPath = findSection(raw, "zmq", report);
  if (mispPath === undefined) reportNoMisp(raw, report);
  warnForeign(raw, report);
  checkBus(raw, hostPath, report);

  let filter: Filter | undefined;
  let api: ApiConfig | undefined;
  let gates: GatesConfig | undefined;
  let sightings: SightingsConfig | undefined;
  if (mispPath !== undefined) {
    const section = placeSecrets(chooseTransport(asMapping(getIn(raw, mispPath)), mispPath, report), {
      path: mispPath,
      folder: dirname(file),
      report,
      writtenAt(path) {
        const override = covers(path);
        if (override === undefined) return document.writtenAt(path);
        return override.path.length === path.length ? override.text : undefined;
      },
    });
    // What is no mapping stays, for the schema to say so.
    if (Object.keys(section).length > 0) setIn(raw, mispPath, section);
    checkCredentials(asMapping(section["zmq"]), [...mispPath, "zmq"], report);
    gates = readGates(section, mispPath, { folder: dirname(file), report });
    filter = readFilter(section["filter"], [...mispPath, "filter"], report);
    if ("api" in section) {
      api = readApi({ raw: section["api"], path: [...mispPath, "api"], folder: dirname(file), environment, report });
    }
    sightings = readSightings(section["sightings"], [...mispPath, "sightings"], report);
    if (gates?.publishedOnly && api?.key === undefined) {
      report.warn(
        [...mispPath, "published_only"],
        "without api and its key, what was published before this program heard of it is not known to be, and is withheld until it is published again",
      );
    }
    for (const [key, effect] of needsApi) {
      if (!(key in section) || api?.key !== undefined) continue;
      report.warn([...mispPath, key], `has no effect: without api and its key ${effect}`);
    }
  }

  const checked = check(raw, report);
  const misp = checked?.plugins.apps?.misp ?? checked?.plugins.misp;
  const source = misp === undefined ? undefined : toSource(misp);
  const problems = report.problems();
  if (problems.length > 0 || checked === undefined || mispPath === undefined) return { ok: false, problems };
  // The checks above have said so if one of them is missing.
  if (
    misp === undefined ||
    source === undefined ||
    filter === undefined ||
    gates === undefined ||
    sightings === undefined
  ) {
    throw new Error("the configuration is incomplete, and no problem says where");
  }

  if (filter.usesTags && source.kind === "kafka" && !source.topics.some((topic) => /tag|^\^/i.test(topic))) {
    report.warn(
      [...mispPath, "kafka", "topics"],
      "the filter asks for tags, and none of the topics looks like the one of MISP's tag notifications: tags of events, and most " +
        "tags of attributes, come on no other; add it (MISP's default is misp_tag), unless one of these is it",
    );
  }
  return {
    ok: true,
    file,
    warnings: report.warnings(),
    config: {
      source,
      bus: toBus(checked),
      filter,
      filterText: describeFilter(filter),
      gates,
      ...(api === undefined ? {} : { baseUrl: api.host, api }),
      reconcile: { intervalMs: Math.round(misp.reconcile.interval * 1000) },
      sightings,
      statePath: toStatePath(dirname(file), checked.state.path, environment),
      logging: toLogging(dirname(file), checked.logging),
      secrets: collectSecrets(asMapping(getIn(raw, mispPath)), { clientKey: api?.clientKey, environment }),
    },
  };
}

const needsApi = [
  ["sightings", "no sighting goes to MISP"],
  ["reconcile", "there is nothing to compare with"],
] as const;

function checkBus(raw: Tree, hostPath: ConfigPath | undefined, report: Report): void {
  const joins = raw["threatbus"] !== undefined;
  if (joins && hostPath !== undefined) {
    report.problem(
      ["threatbus"],
      `${dotted(hostPath)} is there too, and a program either hosts the Threat Bus protocol or joins a Threat Bus`,
      "remove one of the two",
    );
  }
}

function toBus({ plugins, threatbus }: ConfigFile): Config["bus"] {
  const hosted = plugins.apps?.zmq ?? plugins.zmq;
  if (hosted !== undefined) return { kind: "host", ...hosted };
  if (threatbus === undefined) return { kind: "ndjson" };
  const colon = threatbus.lastIndexOf(":");
  return { kind: "join", host: threatbus.slice(0, colon), port: Number(threatbus.slice(colon + 1)) };
}

function checkCredentials(zmq: Tree, path: ConfigPath, report: Report): void {
  const hasPassword = "password" in zmq || "password_file" in zmq;
  if ("username" in zmq === hasPassword) return;
  report.problem(path, "username and password belong together", "set both or neither, as in MISP");
}

function readFilter(raw: unknown, path: ConfigPath, report: Report): Filter | undefined {
  const compiled = compileFilter(raw);
  if (!compiled.ok) {
    for (const problem of compiled.problems) {
      report.problem([...path, ...problem.path], problem.message, problem.suggestion);
    }
    return undefined;
  }
  for (const { path: below, message, suggestion } of compiled.warnings) {
    report.warn([...path, ...below], suggestion === undefined ? message : `${message}; write ${suggestion}`);
  }
  return compiled.filter;
}

function check(raw: Tree, report: Report): ConfigFile | undefined {
  const parsed = fileSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const at = issue.path as ConfigPath;
    const explained = explainIssue(issue, getIn(raw, at), knownKeys(at));
    for (const { path, message, suggestion } of explained) report.problem(path, message, suggestion);
  }
  return undefined;
}

function toSource({ zmq, kafka }: Misp): Config["source"] | undefined {
  if (zmq !== undefined) {
    const { host, port, username, password } = zmq;
    return {
      kind: "zmq",
      host,
      port,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    };
  }
  if (kafka === undefined) return undefined;
  return {
    kind: "kafka",
    topics: kafka.topics,
    pollIntervalMs: Math.max(1, kafka.poll_interval * 1000),
    config: kafka.config,
  };
}

function toStatePath(folder: string, path: string | undefined, environment: LoadOptions["environment"]): string {
  if (path !== undefined) return resolve(folder, path);
  // systemd may name several, with colons between them.
  const fromSystemd = environment["STATE_DIRECTORY"]?.split(":")[0];
  return fromSystemd ? resolve(fromSystemd) : join(folder, ".threatbus-misp");
}

function toLogging(folder: string, logging: ConfigFile["logging"]): Config["logging"] {
  return {
    ...(logging.console ? { console: { verbosity: logging.console_verbosity } } : {}),
    ...(logging.file ? { file: { path: resolve(folder, logging.filename), verbosity: logging.file_verbosity } } : {}),
  };
}
