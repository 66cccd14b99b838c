import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keys, published, root, type Tarballs } from "./published.ts";
import { pnpm, run } from "./run.ts";

/** Builds the packages and packs them into a folder, as a release would; gives the paths of the tarballs. */
export async function packAll(folder: string): Promise<Tarballs> {
  const filters = keys.map((key) => `--filter=${published[key].name}`);
  await pnpm(root, "exec", "turbo", "run", "build", ...filters);
  const said = await pnpm(root, ...filters, "pack", "--json", "--pack-destination", folder);
  const packed: readonly { readonly name: string; readonly filename: string }[] = JSON.parse(said);
  const filename = (name: string) => String(packed.find((tarball) => tarball.name === name)?.filename);
  return Object.fromEntries(keys.map((key) => [key, filename(published[key].name)])) as unknown as Tarballs;
}

/** Packs a package that is made up on the spot; gives the path of the tarball. */
export async function packMadeUp(folder: string, manifest: object, files: Readonly<Record<string, string>>) {
  const source = join(folder, "made-up");
  await mkdir(source, { recursive: true });
  await writeFile(join(source, "package.json"), JSON.stringify(manifest));
  for (const [name, text] of Object.entries(files)) await writeFile(join(source, name), text);
  const said = await run("npm", ["pack", "--json", "--pack-destination", source], { cwd: source });
  return join(source, JSON.parse(said)[0].filename);
}

/** The files in a tarball, each with its path below `package/`, and the manifest as consumers get it. */
export async function readTarball(tarball: string) {
  const list = await run("tar", ["-tzf", tarball]);
  const manifest = await run("tar", ["-xzOf", tarball, "package/package.json"]);
  return {
    files: list
      .trim()
      .split("\n")
      .map((path) => path.replace(/^package\//, "")),
    manifest: JSON.parse(manifest),
  };
}
