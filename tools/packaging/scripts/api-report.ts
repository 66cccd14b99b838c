import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { keys, published, root } from "../test/published.ts";

/**
 * The public API of each package as one page of signatures, `tools/packaging/api/<package>.api.md`, from the declarations that
 * were built. With `--check` nothing is written, and a page that differs ends it with 1. TSDoc is left out: only what a user's
 * code can break on is under review.
 */
const check = process.argv.includes("--check");
const pages = fileURLToPath(new URL("../api", import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), "api-report-"));
const differing: string[] = [];

for (const key of keys) {
  const projectFolder = join(root, published[key].folder);
  const mainEntryPointFilePath = join(projectFolder, "dist/index.d.ts");
  // The program has nothing to import.
  if (key === "plugin") continue;
  if (!existsSync(mainEntryPointFilePath)) throw new Error(`${mainEntryPointFilePath} is missing; run: pnpm build`);
  const reportFileName = `${published[key].name.replace("@tb/", "")}.api.md`;
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: join(projectFolder, "package.json"),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder,
      mainEntryPointFilePath,
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2023",
            lib: ["es2023", "esnext.disposable", "dom", "dom.asynciterable"],
            module: "nodenext",
            strict: true,
            exactOptionalPropertyTypes: true,
            skipLibCheck: true,
            types: key === "core" ? [] : ["node"],
            typeRoots: [join(root, "node_modules/@types")],
          },
          include: [join(projectFolder, "dist")],
        },
      },
      apiReport: { enabled: true, reportFolder: pages, reportTempFolder: temporary, reportFileName },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None },
          // A type that users meet and cannot name stands in the report.
          "ae-forgotten-export": { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  });
  const result = Extractor.invoke(config, {
    localBuild: !check,
    messageCallback: (message) => {
      // A page that differs is told below, in our words.
      message.handled = message.category === "console";
    },
  });
  const [committed, now] = [join(pages, reportFileName), join(temporary, reportFileName)];
  if (!existsSync(committed) || readFileSync(committed, "utf8") !== readFileSync(now, "utf8"))
    differing.push(reportFileName);
  if (result.errorCount > 0) process.exitCode = 1;
}
rmSync(temporary, { recursive: true });

if (differing.length > 0) {
  process.stderr.write(
    `the public API differs from tools/packaging/api in ${differing.join(", ")}; run: pnpm api, and commit\n`,
  );
  process.exitCode = 1;
}
