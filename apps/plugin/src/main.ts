#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { type ArgsDef, type CommandDef, defineCommand, renderUsage, runCommand as runWith } from "citty";
import { checkCommand } from "./commands/check.ts";
import { explainCommand } from "./commands/explain.ts";
import { runCommand } from "./commands/run.ts";
import { schemaCommand } from "./commands/schema.ts";
import { tapCommand } from "./commands/tap.ts";
import { findMistake } from "./find-mistake.ts";

/** EX_USAGE */
const exitUsage = 64;

// biome-ignore lint/suspicious/noExplicitAny: commands differ in their options
const commands: Readonly<Record<string, CommandDef<any>>> = {
  run: runCommand,
  check: checkCommand,
  tap: tapCommand,
  explain: explainCommand,
  schema: schemaCommand,
};

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = defineCommand({
  meta: { name: "threatbus-misp", version, description: "An exact, live view of MISP's indicators on a Threat Bus" },
  subCommands: commands,
});

/** citty colours its usage whether a terminal reads it or not. */
function say(stream: NodeJS.WriteStream, text: string): void {
  stream.write(`${stream.isTTY ? text : stripVTControlCharacters(text)}\n`);
}

async function main(parameters: readonly string[]): Promise<number> {
  const [first] = parameters;
  if (first === "--version" || first === "-v") {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const named = first !== undefined && !first.startsWith("-");
  const name = named ? first : "run";
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const rest = named ? parameters.slice(1) : [...parameters];
  if (rest.includes("--help") || rest.includes("-h")) {
    const usage = named && command !== undefined ? await renderUsage(command, program) : await renderUsage(program);
    say(process.stdout, usage);
    return 0;
  }
  const mistake =
    command === undefined ? `unknown command ${first}` : findMistake(rest, (command.args ?? {}) as ArgsDef);
  if (command === undefined || mistake !== undefined) {
    say(process.stderr, `threatbus-misp: ${mistake}\n\n${await renderUsage(program)}`);
    return exitUsage;
  }
  const { result } = await runWith(command, { rawArgs: rest });
  // A write that nobody takes would keep the process alive; what it holds is not confirmed, and goes out at the next start.
  // The same holds for tap: its signal must end it also while it waits for its reader.
  if (command === runCommand || command === tapCommand) process.exit(result as number);
  return result as number;
}

process.exitCode = await main(process.argv.slice(2));
