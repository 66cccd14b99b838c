import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../cache-folder.ts";
import { freePort } from "../../free-port.ts";
import { nodeExecutable } from "./node-versions.ts";
import { plainEnv, run } from "./run.ts";

/** Its present major wants Node 22, so it is no dependency of the repository, which runs on 20. */
const version = "6.10.4";

export interface Registry extends AsyncDisposable {
  readonly url: string;
  /** The line of an `.npmrc` by which our packages come from here, and all others from where they always come. */
  readonly npmrc: string;
}

/** A registry on loopback: knows nothing but what is published to it, and asks nobody. */
export async function startRegistry(folder: string): Promise<Registry> {
  const program = await fetchVerdaccio();
  const home = await mkdtemp(join(folder, "registry-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const everybody = { access: "$all", publish: "$all" };
  await writeFile(
    join(home, "config.yaml"),
    JSON.stringify({
      storage: join(home, "storage"),
      auth: { htpasswd: { file: join(home, "htpasswd") } },
      uplinks: {},
      packages: { "@tb/*": everybody, "**": everybody },
      log: { type: "stdout", format: "json", level: "warn" },
      listen: `127.0.0.1:${port}`,
    }),
  );
  const child = spawn(await nodeExecutable("22"), [program, "--config", join(home, "config.yaml")], {
    cwd: home,
    env: plainEnv(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk));
  const exited = once(child, "exit");
  const ended = exited.then(() => {
    throw new Error(`the registry ended at once:\n${said}`);
  });
  await Promise.race([answers(`${url}-/ping`), ended]);
  return {
    url,
    npmrc: `@tb:registry=${url}\n//127.0.0.1:${port}/:_authToken=of-nobody\n`,
    async [Symbol.asyncDispose]() {
      ended.catch(() => undefined);
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** Kept outside the checkout; complete or not there. */
async function fetchVerdaccio(): Promise<string> {
  const folder = join(cacheFolder(), "verdaccio", version);
  const program = join(folder, "node_modules/verdaccio/bin/verdaccio");
  if (existsSync(program)) return program;
  await mkdir(join(cacheFolder(), "verdaccio"), { recursive: true });
  const fresh = await mkdtemp(`${folder}.`);
  // Its plugin for audits names node-fetch by a tag, which moves, and which not every mirror has.
  await writeFile(join(fresh, "package.json"), JSON.stringify({ private: true, overrides: { "node-fetch": "2.7.0" } }));
  const quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"];
  await run("npm", ["install", ...quietly, `verdaccio@${version}`], { cwd: fresh });
  await rename(fresh, folder).catch((error) => {
    if (!existsSync(program)) throw error;
  });
  await rm(fresh, { recursive: true, force: true });
  return program;
}

async function answers(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
