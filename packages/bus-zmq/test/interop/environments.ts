import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type PythonEnvironment, pythonEnvironment } from "../../../../tools/python-environment.ts";

/** The rest is in `constraints.txt`. `pyvast` is yanked, so it must be pinned exactly: 3.1.0 is an unrelated API. */
const requirements = {
  host: [
    "threatbus==2022.5.16",
    "threatbus-inmem==2022.5.16",
    "threatbus-zmq==2022.5.16",
    "threatbus-misp[zmq]==2022.5.16",
  ],
  suricata: ["suricata-threatbus==2022.5.16"],
  vast: ["vast-threatbus==2022.5.16", "pyvast==2021.12.16"],
} as const;

export type ProgramName = keyof typeof requirements;
export const programNames: readonly ProgramName[] = ["host", "suricata", "vast"];

/**
 * The real Threat Bus (with its MISP plugin) or one of its apps, each in a virtual environment of its own that is made once and kept
 * in the cache folder.
 */
export function interopEnvironment(name: ProgramName): Promise<PythonEnvironment> {
  const constraints = readFileSync(new URL("./constraints.txt", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return pythonEnvironment({
    name: `threatbus-${name}`,
    requirements: requirements[name],
    // antlr4 4.8 comes as source, and newer setuptools cannot build it.
    buildRequirements: ["wheel", "setuptools<70"],
    constraints,
    timeoutMs: 300_000,
  });
}

/** A `config.yaml` of the real Threat Bus that hosts the app protocol, and listens to a MISP where a port of its publisher is given. */
export function hostConfig(
  { manage, pub, sub }: { readonly manage: number; readonly pub: number; readonly sub: number },
  verbosity: "DEBUG" | "ERROR",
  mispPort?: number,
): string {
  const misp = `    misp: { zmq: { host: 127.0.0.1, port: ${mispPort} }, filter: [ { types: ["domain"] } ] }\n`;
  return `logging: { console: true, console_verbosity: ${verbosity}, file: false }
plugins:
  backbones: { inmem: {} }
  apps:
    zmq: { host: "127.0.0.1", manage: ${manage}, pub: ${pub}, sub: ${sub} }
${mispPort === undefined ? "" : misp}`;
}

/** The folder of an environment's programs. */
export function programsOf({ folder }: { readonly folder: string }): string {
  return join(folder, process.platform === "win32" ? "Scripts" : "bin");
}
