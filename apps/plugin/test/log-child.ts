import { createLog } from "../src/log/log.ts";

/** A process that logs on standard error and ends without waiting for anything. */
const [mode, path] = process.argv.slice(2);
const created = createLog({
  console: { verbosity: "INFO", ...(mode === "pretty" ? { pretty: true } : {}) },
  ...(path === undefined ? {} : { file: { path, verbosity: "DEBUG" } }),
  redact: (text) => text.replaceAll("sesame", "***"),
});
if (!created.ok) process.exit(9);
const { log } = created;

if (mode === "reader-gone") {
  process.stdin.once("data", () => {
    for (let n = 0; n < 1_000; n += 1) log.info({ n }, "to nobody");
    process.stdout.write("alive\n");
    process.stdin.pause();
  });
  log.info({}, "started");
} else {
  for (let n = 0; n < 2_000; n += 1) log.info({ n, value: "\u001b[31mred\n" }, "the word is sesame");
  log.debug({}, "for the file alone");
  process.stdout.write(`${process.getActiveResourcesInfo().join(" ")}\n`);
  process.exit(0);
}
