import type * as bus from "@tb/bus-zmq";
import type * as kafka from "@tb/source-kafka";
import type * as zmq from "@tb/source-zmq";

export type { ZmqBusEvent } from "@tb/bus-zmq";

/** The transports that MISP's notifications can come by, as the configuration names them. */
export type SourceKind = "zmq" | "kafka";

/** What each source package exports. Types alone: nothing of this file's imports is left when it runs. */
export interface SourceModules {
  readonly zmq: typeof zmq;
  readonly kafka: typeof kafka;
}

/** `text`: what is wrong with the installation, and the command that helps. */
export type Loaded<Module> =
  | { readonly ok: true; readonly module: Module }
  | { readonly ok: false; readonly text: string };

/** How packages are found and run. */
export interface ModuleLoader {
  /** Throws when there is no such package. */
  resolve(name: string): string;
  load(url: string): Promise<unknown>;
}

/** The optional packages, each with the export that makes a source. This is the only file that names one. */
const sources = {
  zmq: { name: "@tb/source-zmq", create: "createZmqSource" },
  kafka: { name: "@tb/source-kafka", create: "createKafkaSource" },
} as const;

const busPackage = { name: "@tb/bus-zmq", create: "createZmqHostBus" } as const;

const nodeLoader: ModuleLoader = {
  resolve: (name) => import.meta.resolve(name),
  load: (url) => import(url),
};

/**
 * Loads the package of the configured source. Found first and run then, since "not installed" and "installed but broken" need
 * different help: a package whose native part is missing is found all the same. Nothing is opened by it.
 */
export async function loadSource<Kind extends SourceKind>(
  kind: Kind,
  loader: ModuleLoader = nodeLoader,
): Promise<Loaded<SourceModules[Kind]>> {
  const { name, create } = sources[kind];
  const found = find(name, loader);
  if (found === undefined) {
    const others = Object.values(sources).filter((source) => source.name !== name);
    const alone = others.every((other) => find(other.name, loader) === undefined);
    return { ok: false, text: alone ? noneInstalled(kind) : notInstalled(kind, name) };
  }
  return loadFound(name, create, found, loader);
}

/** Loads what speaks the Threat Bus app protocol, as {@link loadSource} does. `setting`: the one that asks for it. */
export async function loadBus(setting: string): Promise<Loaded<typeof bus>> {
  const { name, create } = busPackage;
  const found = find(name, nodeLoader);
  if (found === undefined) return { ok: false, text: notInstalled(setting, name) };
  return loadFound(name, create, found, nodeLoader);
}

async function loadFound<Module>(
  name: string,
  create: string,
  found: NonNullable<ReturnType<typeof find>>,
  loader: ModuleLoader,
): Promise<Loaded<Module>> {
  if (!found.ok) return { ok: false, text: broken(name, found.error) };
  try {
    const module = (await loader.load(found.url)) as Module;
    if (typeof (module as Record<string, unknown>)[create] === "function") return { ok: true, module };
    return { ok: false, text: broken(name, new Error(`it has no ${create}; its version does not fit this program's`)) };
  } catch (error) {
    return { ok: false, text: broken(name, error) };
  }
}

/** Undefined: not installed. Found and not `ok`: there, but not to be resolved, such as a package without its files. */
function find(
  name: string,
  loader: ModuleLoader,
): { readonly ok: true; readonly url: string } | { readonly ok: false; readonly error: unknown } | undefined {
  try {
    return { ok: true, url: loader.resolve(name) };
  } catch (error) {
    const absent = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    return absent ? undefined : { ok: false, error };
  }
}

function noneInstalled(kind: SourceKind): string {
  const names = Object.values(sources).map(({ name }) => name);
  return (
    `no source is installed: neither ${names.join(" nor ")} was found, and ${kind} is configured; ` +
    `run: npm install ${sources[kind].name}`
  );
}

function notInstalled(setting: string, name: string): string {
  return `${setting} is configured but ${name} is not installed; run: npm install ${name}`;
}

function broken(name: string, error: unknown): string {
  // It says itself what to install and to run.
  if (error instanceof Error && "code" in error && error.code === "native_missing") {
    return `${name} is installed but does not work: ${error.message}`;
  }
  const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
  return `${name} is installed but does not work (${reason}); run: npm install --force ${name}`;
}
