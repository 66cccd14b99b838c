import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { packAll } from "./pack.ts";
import type { Tarballs } from "./published.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where everything is installed, and what is installed there. Lines put into `printed` are printed at the end. */
    packed: { readonly folder: string; readonly tarballs: Tarballs; readonly printed: string };
  }
}

/** Packs once for all files. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "packaging-"));
  const printed = join(folder, "printed.txt");
  provide("packed", { folder, tarballs: await packAll(folder), printed });
  return async () => {
    if (existsSync(printed)) process.stderr.write(readFileSync(printed));
    await rm(folder, { recursive: true, force: true });
  };
}
