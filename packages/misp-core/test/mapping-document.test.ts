import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../..", import.meta.url));

it("docs/mapping.md says what the table says", async () => {
  const script = [
    "--import",
    "tsx",
    "--conditions=@tb/source",
    "packages/misp-core/scripts/generate-mapping.ts",
    "--check",
  ];
  await expect(run(process.execPath, script, { cwd: root })).resolves.toMatchObject({ stderr: "" });
});
