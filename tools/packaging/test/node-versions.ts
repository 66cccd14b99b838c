import { run } from "./run.ts";

/** The Node versions that CI's matrix has, too: the oldest that the manifests allow, and each line of long-term support since. */
export const nodeVersions: readonly string[] = ["20.19", "22", "24"];

/** The executable of a Node version, which npm fetches as a package. */
export async function nodeExecutable(version: string): Promise<string> {
  const said = await run("npx", ["-y", "-p", `node@${version}`, "node", "-p", "process.execPath"]);
  return said.trim();
}
