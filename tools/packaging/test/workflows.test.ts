import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { nodeVersions } from "./node-versions.ts";
import { root } from "./published.ts";

const folder = join(root, ".github/workflows");
const workflows = await Promise.all(
  (await readdir(folder)).map(async (name) => ({ name, text: await readFile(join(folder, name), "utf8") })),
);

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: { readonly node: readonly string[] } };
  readonly "timeout-minutes"?: number;
}
const jobsOf = (text: string) => Object.entries(parse(text).jobs as Readonly<Record<string, Job>>);

describe.each(workflows)("$name", ({ name, text }) => {
  it("uses actions by the hash of their commit alone, and says which version that is", () => {
    const used = [...text.matchAll(/uses: *(.*)/g)].map(([, action = ""]) => action);
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([]);
  });

  it("may do nothing but read, unless a job says what else it needs, and knows no secret", () => {
    expect([{}, { contents: "read" }]).toContainEqual(parse(text).permissions);
    expect(text).not.toMatch(/secrets\.|NPM_TOKEN|NODE_AUTH_TOKEN/);
    const more = jobsOf(text).flatMap(([job, { permissions = {} }]) =>
      Object.entries(permissions)
        .filter(([, kind]) => kind !== "read")
        .map(([what]) => `${job}: ${what}`),
    );
    expect(more).toEqual(name === "release.yml" ? ["publish: id-token", "tag: contents"] : []);
    for (const [, job] of jobsOf(text)) expect(job["timeout-minutes"]).toBeLessThanOrEqual(60);
  });

  it("starts pnpm in the version that the repository names, and Node in those that are tested here", async () => {
    const { packageManager } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    for (const [, version] of text.matchAll(/(pnpm@[\d.]+)/g)) expect(version).toBe(packageManager);
    for (const [, { strategy }] of jobsOf(text)) if (strategy) expect(strategy.matrix.node).toEqual(nodeVersions);
  });
});

describe("the check before a release", () => {
  const url = "git+https://git.example/somebody/threatbus-misp.git";

  /** Runs it in a repository of one package that says this about itself. */
  async function check(repository: string, changesets: readonly string[] = []) {
    const copy = await mkdtemp(join(tmpdir(), "check-release-"));
    onTestFinished(() => rm(copy, { recursive: true }));
    for (const path of [".changeset", "packages/one", "apps/private"])
      await mkdir(join(copy, path), { recursive: true });
    await cp(join(root, ".changeset/config.json"), join(copy, ".changeset/config.json"));
    for (const name of changesets) await writeFile(join(copy, ".changeset", name), "");
    await writeFile(join(copy, "package.json"), JSON.stringify({ private: true, repository: { url } }));
    await writeFile(join(copy, "packages/one/package.json"), JSON.stringify({ repository: { url: repository } }));
    await writeFile(join(copy, "apps/private/package.json"), JSON.stringify({ private: true }));
    const script = join(root, "tools/packaging/scripts/check-release.mjs");
    return promisify(execFile)(process.execPath, [script], { cwd: copy, env: { ...process.env, HERE: url } }).then(
      () => "",
      ({ stderr }) => String(stderr),
    );
  }

  it("passes when every package names the repository and nothing waits", async () => {
    expect(await check(url)).toBe("");
  });

  it("says which package names another repository, and what still waits for a version", async () => {
    const said = await check("git+https://git.example/other.git", ["one-change.md"]);
    expect(said).toContain("one-change.md still wait; run: pnpm changeset version");
    expect(said).toContain("packages/one/package.json names git+https://git.example/other.git as its repository");
    expect(said.trim().split("\n")).toHaveLength(2);
  });
});
