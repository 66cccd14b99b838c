import { spawn } from "node:child_process";

const storeModule = new URL("../src/store/lmdb-store.ts", import.meta.url).href;
const readerModule = new URL("../src/store/read-only-index.ts", import.meta.url).href;

/**
 * Runs a script about the state folder `path` in another process: in one process LMDB shares one environment between all openings,
 * and it writes to standard error why a transaction failed.
 */
export function startScript(path: string, script: string) {
  const code = `
    import { exampleEntry, exampleOutboxEntry, storeChanges } from "@tb/misp-core/testing";
    import { openLmdbStore } from ${JSON.stringify(storeModule)};
    import { openReadOnlyIndex } from ${JSON.stringify(readerModule)};
    const path = process.argv[1];
    ${script}`;
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--conditions=@tb/source", "--input-type=module", "-e", code, path],
    { cwd: new URL("..", import.meta.url) },
  );
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk));
  const closed = new Promise<{ code: number | null; output: string; errors: string }>((resolve) =>
    child.on("close", (exitCode) => resolve({ code: exitCode, output, errors })),
  );
  return { child, closed, lines: () => output.split("\n").filter(Boolean) };
}
