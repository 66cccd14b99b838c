import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { createCommands } from "./command.ts";

const commands = createCommands("cli");
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

// citty leaves colours out where a test runs it; a pipe has to be enough for that.
const { TEST: _test, CI: _ci, NO_COLOR: _noColor, ...inherited } = process.env;
const environment = { ...inherited, TERM: "xterm" };
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences have no place in a pipe
const escapes = /\u001b/;

const { configure } = commands;
/** Runs the program in an empty folder. */
async function run(...parameters: readonly string[]) {
  const { closed, stdout, stderr } = commands.start(parameters, { environment });
  return { code: await closed, stdout: stdout(), stderr: stderr() };
}

it("--version and --help", async () => {
  expect(await run("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  const { code, stdout, stderr } = await run("--help");
  expect([code, stderr]).toEqual([0, ""]);
  for (const word of ["run", "check", "tap", "explain", "reconcile", "dead-letters", "schema"])
    expect(stdout).toContain(word);
  expect(stdout).not.toMatch(escapes);
  expect((await run("check", "--help")).stdout).toContain("--config=<FILE>");
  const tap = (await run("tap", "--help")).stdout;
  for (const option of ["--config=<FILE>", "--explain", "--count=<N>", "--json"]) expect(tap).toContain(option);
  expect((await run("explain", "--help")).stdout).toContain("TARGET=<UUID | FILE>");
  for (const parameters of [["dead-letters", "--help"], ["dead-letters"]]) {
    const { stdout: usage, stderr: refusal } = await run(...parameters);
    expect(usage + refusal).toContain("USAGE threatbus-misp dead-letters list|show|retry|drop");
  }
  const retry = (await run("dead-letters", "retry", "--help")).stdout;
  for (const text of ["USAGE threatbus-misp dead-letters retry", "UUID=<UUID…>", "--config=<FILE>"])
    expect(retry).toContain(text);
}, 60_000);

it.each([
  [["frobnicate"], "unknown command frobnicate"],
  [["constructor"], "unknown command constructor"],
  [["--frob"], "unknown option --frob"],
  [["check", "x.yaml"], "unknown parameter x.yaml"],
  [["-c"], "-c needs a file"],
  [["check", "--config", "--help-me"], "--config needs a file"],
  [["--config="], "--config needs a file"],
  [["-c=x"], "unknown option -c=x"],
  [["-c", "a", "--config", "b"], "--config is given twice"],
  [["schema", "-c", "x"], "unknown option -c"],
  [["tap", "--count"], "--count needs a whole number above 0"],
  [["tap", "--count", "0"], "--count needs a whole number above 0"],
  [["tap", "--count=2x"], "--count needs a whole number above 0"],
  [["tap", "--count", "--json"], "--count needs a whole number above 0"],
  [["reconcile", "--since", "soon"], "--since needs a time such as 30m, 12h or 7d"],
  [["reconcile", "--since", "7"], "--since needs a time such as 30m, 12h or 7d"],
  [["tap", "--explain=no"], "--explain takes no value"],
  [["tap", "--no-json"], "unknown option --no-json"],
  [["tap", "--json", "--json"], "--json is given twice"],
  [["tap", "x"], "unknown parameter x"],
  [["explain"], "UUID | FILE is missing"],
  [["explain", "--json"], "UUID | FILE is missing"],
  [["explain", "a", "b"], "unknown parameter b"],
  [["check", "--explain"], "unknown option --explain"],
  [["dead-letters"], "dead-letters needs one of list, show, retry, drop"],
  [["dead-letters", "-c", "x"], "dead-letters needs one of list, show, retry, drop"],
  [["dead-letters", "frobnicate"], "unknown command dead-letters frobnicate"],
  [["dead-letters", "toString"], "unknown command dead-letters toString"],
  [["dead-letters", "list", "x"], "unknown parameter x"],
  [["dead-letters", "show"], "UUID is missing"],
  [["dead-letters", "show", "a", "b"], "unknown parameter b"],
  [["dead-letters", "retry"], "UUID… is missing"],
  [["dead-letters", "drop", "a", "b", ""], "unknown parameter "],
  [["dead-letters", "drop", "a", "--all"], "unknown option --all"],
])("%j is no way to call it: 64", async (parameters, text) => {
  const { code, stdout, stderr } = await run(...parameters);
  expect([code, stdout]).toEqual([64, ""]);
  expect(stderr).toContain(`threatbus-misp: ${text}`);
  expect(stderr).toContain("USAGE");
  expect(stderr).not.toMatch(escapes);
});

it("check: says what the configuration means, and opens nothing", async () => {
  configure(
    "plugins: { apps: { misp: { zmq: { host: misp.example, username: u, password: geheim }, filter: [ { orgs: [1] }, { types: [src-ip] } ] } } }",
  );
  const { code, stdout, stderr } = await run("check");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("ZeroMQ misp.example:50000, with username and password");
  expect(stdout).toContain("org 1 AND type ip-src");
  expect(stdout).toContain('is read as MISP\'s type "ip-src"');
  expect(stdout).toContain("filter: { any: [");
  expect(stdout).not.toContain("geheim");
  expect(existsSync(commands.path(".threatbus-misp"))).toBe(false);
});

it.each([
  ["", "MISP           without api: no sighting goes to MISP, and nothing heals what its stream loses\n"],
  ["api: { host: 'https://u:geheim@h/' },", "MISP           https://h without a key: no sighting goes to MISP"],
  ["api: { host: 'https://h/', key: geheim },", "MISP           https://h with a key\n"],
])("check: says whether MISP can be asked: %s", async (api, line) => {
  configure(`plugins: { misp: { ${api} zmq: {} } }`);
  const { code, stdout, stderr } = await run("check");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(line);
  expect(stdout).not.toContain("geheim");
});

it.each([
  [["check"]],
  [[]],
  [["run"]],
  [["-c", "config.yaml"]],
  [["tap"]],
  [["explain", "x"]],
  [["dead-letters", "drop", "x"]],
])("%j with a wrong configuration: 78, before anything is opened", async (parameters) => {
  configure("plugins: { apps: { misp: { zmq: { prot: 1 } } } }");
  const { code, stdout, stderr } = await run(...parameters);
  expect([code, stdout]).toEqual([78, ""]);
  expect(stderr).toBe('config.yaml:1: plugins.apps.misp.zmq.prot: unknown key "prot"; did you mean "port"?\n');
  expect(existsSync(commands.path(".threatbus-misp"))).toBe(false);
});

it("no configuration: 78, and where to find an example", async () => {
  const { code, stderr } = await run();
  expect(code).toBe(78);
  expect(stderr).toContain("there is no config.yaml or config.yml");
});

it("schema: a JSON Schema", async () => {
  const { code, stdout } = await run("schema");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ title: "threatbus-misp" });
});
