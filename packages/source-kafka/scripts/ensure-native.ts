import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder } from "../../../tools/cache-folder.ts";

/**
 * Builds node-rdkafka's native part where it is missing, for the tests. It has no prebuilt binary, and its own install script
 * takes over six minutes and 540 MB; so pnpm does not run that (`allowBuilds`), `demo` never needs it, and `test` calls this.
 * What was built is kept outside the checkout, by version, platform and ABI: in `$THREATBUS_MISP_CACHE`, or else
 * `threatbus-misp` in the user's cache folder.
 */
const require = createRequire(import.meta.url);
const installed = dirname(require.resolve("node-rdkafka/package.json"));
const { version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as { version: string };
/** All that is needed at run time, below `build`: 3.4 MB. */
const files = ["Release/node-librdkafka.node", "deps/librdkafka.so.1", "deps/librdkafka++.so.1"];

if (!loads()) {
  const { report } = process;
  const libc = (report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime
    ? "glibc"
    : "musl";
  const key = [version, process.platform, process.arch, libc, process.versions.modules].join("-");
  const cached = join(cacheFolder(), "node-rdkafka", key);
  if (!existsSync(cached)) build(cached);
  copyFiles(cached, join(installed, "build"));
  if (!loads()) fail(`what is in ${cached} does not load; delete that folder and run again`);
}

/** In a process of its own: an addon that fails to load may not be tried a second time. */
function loads(): boolean {
  return spawnSync(process.execPath, ["-e", "require(process.argv[1])", installed], { stdio: "ignore" }).status === 0;
}

function build(target: string): void {
  for (const tool of ["g++", "make", "python3"]) {
    if (spawnSync(tool, ["--version"], { stdio: "ignore" }).status === 0) continue;
    fail(
      `the Kafka tests compile node-rdkafka, and ${tool} is missing. Install a compiler and run again: ` +
        "apt-get install build-essential python3 libssl-dev zlib1g-dev (Debian, Ubuntu), " +
        "dnf install gcc-c++ make python3 openssl-devel zlib-devel (RHEL, Fedora), " +
        "apk add bash g++ make python3 openssl-dev zlib-dev linux-headers (Alpine)",
    );
  }
  process.stderr.write(`building node-rdkafka ${version}, once: about five minutes\n`);
  const work = mkdtempSync(join(tmpdir(), "node-rdkafka-"));
  try {
    // A copy: pnpm links the installed files into its store, which every project of this user shares.
    cpSync(installed, work, { recursive: true, dereference: true });
    mkdirSync(join(work, "node_modules"));
    const ofPackage = createRequire(join(installed, "package.json"));
    for (const name of ["nan", "bindings"]) {
      symlinkSync(dirname(ofPackage.resolve(`${name}/package.json`)), join(work, "node_modules", name));
    }
    const jobs = String(availableParallelism());
    // The addon's own build would run `make install`, which compiles librdkafka's examples, too: a third of its time.
    const rules = join(work, "deps/librdkafka.gyp");
    writeFileSync(rules, readFileSync(rules, "utf8").replace(/"libs",\s*"install"/, '"libs"'));
    run(work, "./configure", ["--disable-debug-symbols"]);
    run(work, "make", ["-C", "deps/librdkafka", "-j", jobs, "libs"]);
    gyp(work, ["configure"]);
    const libraries = join(work, "build/deps");
    mkdirSync(libraries, { recursive: true });
    for (const [folder, name] of [
      ["src", "librdkafka.so"],
      ["src-cpp", "librdkafka++.so"],
    ] as const) {
      cpSync(join(work, "deps/librdkafka", folder, `${name}.1`), join(libraries, `${name}.1`), { dereference: true });
      symlinkSync(`${name}.1`, join(libraries, name));
    }
    gyp(work, ["build", "-j", jobs]);
    // Complete or not there, also when two builds run at once.
    mkdirSync(dirname(target), { recursive: true });
    const fresh = mkdtempSync(`${target}.`);
    copyFiles(join(work, "build"), fresh);
    if (!existsSync(target)) renameSync(fresh, target);
    else rmSync(fresh, { recursive: true });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function gyp(work: string, args: readonly string[]): void {
  const headers = dirname(dirname(process.execPath));
  const local = existsSync(join(headers, "include/node/node.h")) ? [`--nodedir=${headers}`] : [];
  run(work, process.execPath, [require.resolve("node-gyp/bin/node-gyp.js"), ...args, ...local]);
}

function run(cwd: string, command: string, args: readonly string[]): void {
  // JOBS breaks the addon's makefile: it starts the library's make before it is configured.
  const { JOBS: _, ...env } = process.env;
  try {
    execFileSync(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 28 });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: Buffer | string; stderr?: Buffer | string };
    const end = `${stdout}\n${stderr}`.trim().split("\n").slice(-30).join("\n");
    fail(`node-rdkafka could not be built (${[command, ...args].join(" ")}):\n${end}`);
  }
}

function copyFiles(from: string, to: string): void {
  for (const file of files) cpSync(join(from, file), join(to, file), { dereference: true });
}

function fail(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
