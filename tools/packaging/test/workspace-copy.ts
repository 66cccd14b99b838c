import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { keys, published, root } from "./published.ts";
import { packageManager, run } from "./run.ts";

const changesets = join(
  dirname(createRequire(join(root, "package.json")).resolve("@changesets/cli/package.json")),
  "bin.js",
);

/** Package to kind of release, as in one changeset. */
export type Releases = Readonly<Record<string, "patch" | "minor" | "major">>;

export interface WorkspaceCopy {
  readonly folder: string;
  /** Runs `changeset` in the copy. */
  changeset(parameters: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  /** Takes out the changesets that wait for the next release, and puts in these. */
  replaceChangesets(...changesets: Releases[]): Promise<void>;
  /** All packages at this version, with this range for every peer, or the one that they have. */
  setVersions(version: string, peerRange?: string): Promise<void>;
  manifest(folder: string): Promise<Manifest>;
  /** Version by package. */
  versions(): Promise<Readonly<Record<string, string>>>;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** What a release reads and writes, in a folder and a git repository of its own. What was built comes with it. */
export async function copyWorkspace(folder: string): Promise<WorkspaceCopy> {
  const folders = keys.map((key) => published[key].folder);
  for (const path of ["package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml", "LICENSE", ".changeset"])
    await cp(join(root, path), join(folder, path), { recursive: true });
  for (const packageFolder of [...folders, "apps/misp-simulator", "tools/packaging"]) {
    await mkdir(join(folder, packageFolder), { recursive: true });
    for (const name of await readdir(join(root, packageFolder)))
      if (/^(dist|package\.json|README\.md|config\.yaml\.example)$/.test(name))
        await cp(join(root, packageFolder, name), join(folder, packageFolder, name), { recursive: true });
  }
  // As an installation would: pnpm looks there for the versions that it writes in place of `workspace:`.
  for (const packageFolder of folders) {
    await mkdir(join(folder, packageFolder, "node_modules/@tb"), { recursive: true });
    for (const key of keys)
      await symlink(
        join(folder, published[key].folder),
        join(folder, packageFolder, "node_modules", published[key].name),
      );
  }
  await writeFile(join(folder, ".gitignore"), "node_modules\ndist\n");
  const git = (...parameters: readonly string[]) =>
    run("git", ["-c", "user.name=release", "-c", "user.email=release@localhost", ...parameters], { cwd: folder });
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all");
  await git("commit", "--quiet", "--message=as it is");

  // Where changesets looks for it, as in a script that pnpm runs.
  const found = await run("npx", ["-y", "-p", await packageManager(), "node", "-p", "process.env.PATH"]);
  const [pnpmFolder = ""] = found.split(delimiter);

  const manifest = async (packageFolder: string): Promise<Manifest> =>
    JSON.parse(await readFile(join(folder, packageFolder, "package.json"), "utf8"));
  return {
    folder,
    manifest,
    changeset: (parameters, env = {}) =>
      run(process.execPath, [changesets, ...parameters], {
        cwd: folder,
        env: {
          PATH: `${pnpmFolder}${delimiter}${process.env["PATH"]}`,
          ...Object.fromEntries(
            ["AUTHOR", "COMMITTER"].flatMap((who) => [
              [`GIT_${who}_NAME`, "release"],
              [`GIT_${who}_EMAIL`, "release@localhost"],
            ]),
          ),
          ...env,
        },
      }),
    async replaceChangesets(...wanted) {
      await git("rm", "-r", "--quiet", ".changeset/*.md");
      for (const [i, releases] of wanted.entries()) {
        const lines = Object.entries(releases).map(([name, kind]) => `"${name}": ${kind}`);
        await writeFile(join(folder, ".changeset", `change-${i}.md`), `---\n${lines.join("\n")}\n---\n\nA change.\n`);
      }
      await git("add", "--all");
      await git("commit", "--quiet", "--message=other changes");
    },
    async setVersions(version, peerRange) {
      for (const packageFolder of folders) {
        const { peerDependencies = {}, ...rest } = await manifest(packageFolder);
        const peers = Object.entries(peerDependencies).map(([name, range]) => [name, peerRange ?? range]);
        const changed = { ...rest, version, peerDependencies: Object.fromEntries(peers) };
        await writeFile(join(folder, packageFolder, "package.json"), JSON.stringify(changed, null, 2));
      }
    },
    async versions() {
      const all = await Promise.all(folders.map(manifest));
      return Object.fromEntries(all.map(({ name, version }) => [name, version]));
    },
  };
}
