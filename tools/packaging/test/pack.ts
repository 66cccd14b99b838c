import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** What is published, by the name of its tarball. */
const published = {
  core: { name: "@tb/misp-core", folder: "packages/misp-core" },
  zmq: { name: "@tb/source-zmq", folder: "packages/source-zmq" },
  kafka: { name: "@tb/source-kafka", folder: "packages/source-kafka" },
  api: { name: "@tb/misp-api", folder: "packages/misp-api" },
  sightings: { name: "@tb/misp-sightings", folder: "packages/misp-sightings" },
  bus: { name: "@tb/bus-zmq", folder: "packages/bus-zmq" },
  plugin: { name: "@tb/plugin", folder: "apps/plugin" },
} as const;

export type Tarballs = Readonly<Record<keyof typeof published, string>>;

/** Builds the packages and packs them into a folder, as a release would; gives the paths of the tarballs. */
export async function packAll(folder: string): Promise<Tarballs> {
  await pnpm(root, "exec", "turbo", "run", "build", ...Object.values(published).map(({ name }) => `--filter=${name}`));
  const tarball = async ({ folder: packageFolder }: { readonly folder: string }) => {
    const packed = await pnpm(join(root, packageFolder), "pack", "--json", "--pack-destination", folder);
    return String(JSON.parse(packed).filename);
  };
  return {
    core: await tarball(published.core),
    zmq: await tarball(published.zmq),
    kafka: await tarball(published.kafka),
    api: await tarball(published.api),
    sightings: await tarball(published.sightings),
    bus: await tarball(published.bus),
    plugin: await tarball(published.plugin),
  };
}

/** Packs a package that is made up on the spot; gives the path of the tarball. */
export async function packMadeUp(folder: string, manifest: object, files: Readonly<Record<string, string>>) {
  const source = join(folder, "made-up");
  await mkdir(source, { recursive: true });
  await writeFile(join(source, "package.json"), JSON.stringify(manifest));
  for (const [name, text] of Object.entries(files)) await writeFile(join(source, name), text);
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", source], {
    cwd: source,
    env: plainEnv(),
  });
  return join(source, JSON.parse(stdout)[0].filename);
}

/** The files in a tarball, each with its path below `package/`, and the manifest as consumers get it. */
export async function readTarball(tarball: string) {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  const manifest = await run("tar", ["-xzOf", tarball, "package/package.json"]);
  return {
    files: stdout
      .trim()
      .split("\n")
      .map((path) => path.replace(/^package\//, "")),
    manifest: JSON.parse(manifest.stdout),
  };
}

/** Installs tarballs with npm in a new folder, as a user would who allows no install scripts. */
export async function installWithNpm(folder: string, tarballs: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }));
  const quietly = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--no-update-notifier"];
  await run("npm", ["install", ...quietly, ...tarballs], { cwd: folder, env: plainEnv() });
}

/** The same with pnpm, whose layout keeps each package apart with the dependencies that it declares. */
export async function installWithPnpm(folder: string, tarballs: Partial<Tarballs>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = Object.entries(tarballs).map(
    ([key, tarball]) => [published[key as keyof Tarballs].name, `file:${tarball}`] as const,
  );
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ private: true, dependencies: Object.fromEntries(files) }),
  );
  // The tarballs depend on each other by version, and none of these versions is in a registry.
  await writeFile(join(folder, "pnpm-workspace.yaml"), JSON.stringify({ overrides: Object.fromEntries(files) }));
  await pnpm(folder, "install", "--ignore-scripts", "--prefer-offline", "--no-frozen-lockfile");
}

async function pnpm(cwd: string, ...parameters: readonly string[]): Promise<string> {
  const { packageManager } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  try {
    const { stdout } = await run("npx", ["-y", packageManager, ...parameters], { cwd, env: plainEnv() });
    return stdout;
  } catch (error) {
    // What went wrong, such as a type error in a build, is on standard output.
    throw new Error(`${error}\n${(error as { stdout?: string }).stdout}`);
  }
}

/** The environment without what a package manager and vitest put there for the process that they started. */
function plainEnv(): NodeJS.ProcessEnv {
  const added =
    /^(npm_(package|lifecycle|command|execpath|node_execpath|config_user_agent)|pnpm_|NODE_ENV|NODE_OPTIONS|VITEST|TEST$)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !added.test(name)));
  return { ...env, TURBO_TELEMETRY_DISABLED: "1", CI: "true" };
}
