import type { TestProject } from "vitest/node";
import { interopEnvironment, type ProgramName, programNames, programsOf } from "./environments.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The folders of the real programs; undefined where they cannot be had, and the tests are skipped. */
    readonly programs: Readonly<Record<ProgramName, string>> | undefined;
  }
}

/**
 * Before the first test: the virtual environments. Without Python or a package index one line says why nothing runs; packages that
 * can be fetched and do not install are a failure.
 */
export default async function prepare(project: TestProject): Promise<void> {
  const programs: Partial<Record<ProgramName, string>> = {};
  for (const name of programNames) {
    const environment = await interopEnvironment(name);
    if (!environment.ok) {
      if (!environment.outOfReach) throw new Error(environment.reason);
      process.stdout.write(`interop with the real Threat Bus is skipped: ${environment.reason}\n`);
      return project.provide("programs", undefined);
    }
    programs[name] = programsOf(environment);
  }
  project.provide("programs", programs as Record<ProgramName, string>);
}
