import { cp, lstat, mkdir, readdir, realpath, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Key, published, root, type Tarballs } from "./published.ts";
import { pnpm, run } from "./run.ts";

export type Manager = "npm" | "pnpm";
export const managers: readonly Manager[] = ["npm", "pnpm"];

/** Of the packages with this key, those whose tarballs are to be installed. */
export type Parts = Partial<Tarballs>;

/** Installs tarballs in a new folder, as a user would who allows no install scripts. */
export async function install(manager: Manager, folder: string, parts: Parts): Promise<void> {
  if (manager === "npm") await installWithNpm(folder, Object.values(parts));
  else await installWithPnpm(folder, parts);
}

const quietly = ["--prefer-offline", "--no-audit", "--no-fund", "--no-update-notifier"];

export async function installWithNpm(folder: string, tarballs: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await run("npm", ["install", "--ignore-scripts", ...quietly, ...tarballs], { cwd: folder });
}

/** The same with install scripts: compiles node-rdkafka in full, for the Node that `env` has first in its PATH. */
export async function compileWithNpm(
  folder: string,
  tarballs: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  // JOBS breaks the addon's makefile: it starts the library's make before it is configured.
  await run("env", ["-u", "JOBS", "npm", "install", ...quietly, ...tarballs], { cwd: folder, env });
}

/** pnpm's layout keeps each package apart with the dependencies that it declares. */
export async function installWithPnpm(
  folder: string,
  parts: Parts,
  { settings = {}, ignoreScripts = true } = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = Object.entries(parts).map(([key, tarball]) => [published[key as Key].name, `file:${tarball}`] as const);
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies: Object.fromEntries(files) }),
  );
  // The tarballs depend on each other by version, and none of these versions is in a registry.
  await writeFile(
    join(folder, "pnpm-workspace.yaml"),
    JSON.stringify({ overrides: Object.fromEntries(files), ...settings }),
  );
  const options = ["--prefer-offline", "--no-frozen-lockfile", ...(ignoreScripts ? ["--ignore-scripts"] : [])];
  await pnpm(folder, "install", ...options);
}

/** Puts the native part of Kafka's client, which `test` has built or taken from its cache, where an install script would. */
export async function addNativeKafka(folder: string): Promise<void> {
  const require = createRequire(join(root, "packages/source-kafka/package.json"));
  const built = join(dirname(require.resolve("node-rdkafka/package.json")), "build");
  const installed = createRequire(
    join(await realpath(join(folder, "node_modules", published.kafka.name)), "package.json"),
  );
  const target = join(dirname(installed.resolve("node-rdkafka/package.json")), "build");
  for (const file of ["Release/node-librdkafka.node", "deps/librdkafka.so.1", "deps/librdkafka++.so.1"])
    await cp(join(built, file), join(target, file), { dereference: true });
}

/** What an installation holds: every package's folder below `node_modules`, and the bytes of all files. */
export async function measure(
  folder: string,
): Promise<{ readonly packages: readonly string[]; readonly bytes: number }> {
  const paths = await readdir(join(folder, "node_modules"), { recursive: true });
  const packages = paths.flatMap(
    (path) => /(?:^|node_modules\/)((?:@[^/]+\/)?[^/.@][^/]*)\/package\.json$/.exec(path)?.[1] ?? [],
  );
  const sizes = await Promise.all(paths.map((path) => lstat(join(folder, "node_modules", path))));
  return { packages, bytes: sizes.reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0) };
}
