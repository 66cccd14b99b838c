import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cacheFolder } from "../../../../tools/cache-folder.ts";

const run = promisify(execFile);
const pom = fileURLToPath(new URL("./pom.xml", import.meta.url));

/** A folder with Apache Kafka's jars, or why there is none, in one line. */
export type KafkaJars =
  | { readonly ok: true; readonly folder: string }
  | { readonly ok: false; readonly reason: string };

/** Fetches Kafka (46 jars, 43 MB) from Maven Central once, and keeps it outside the checkout. */
export async function fetchKafka(): Promise<KafkaJars> {
  for (const command of ["java", "mvn"]) {
    try {
      await run(command, ["-version"], { timeout: 30_000 });
    } catch {
      return { ok: false, reason: `${command} is missing; install a JDK (17 or later) and Maven for a real broker` };
    }
  }
  const digest = createHash("sha256").update(readFileSync(pom)).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), "kafka", digest);
  if (existsSync(folder)) return { ok: true, folder };
  const fresh = `${folder}.${randomUUID()}`;
  await mkdir(fresh, { recursive: true });
  try {
    const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${fresh}`];
    await run("mvn", ["--batch-mode", "--quiet", "--file", pom, ...goal], { timeout: 300_000, maxBuffer: 1 << 26 });
    // Complete or not there; who comes second has fetched in vain.
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) {
      const [reason] = (error instanceof Error ? error.message : String(error)).split("\n").slice(-1);
      return { ok: false, reason: `Maven could not fetch Kafka: ${reason}` };
    }
  }
  return { ok: true, folder };
}
