#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { type ArgsDef, type CommandDef, defineCommand, renderUsage, runCommand as runWith } from "citty";
import { checkCommand } from "./commands/check.ts";
import { deadLettersCommand } from "./commands/dead-letters.ts";
import { explainCommand } from "./commands/explain.ts";
import { findMistake } from "./commands/find-mistake.ts";
import { reconcileCommand } from "./commands/reconcile.ts";
import { runCommand } from "./commands/run.ts";
import { schemaCommand } from "./commands/schema.ts";
import { tapCommand } from "./commands/tap.ts";
import { exitUsage } from "./exit-codes.ts";

// biome-ignore lint/suspicious/noExplicitAny: commands differ in their options
type Commands = Readonly<Record<string, CommandDef<any>>>;

const commands: Commands = {
  run: runCommand,
  check: checkCommand,
  tap: tapCommand,
  explain: explainCommand,
  reconcile: reconcileCommand,
  "dead-letters": deadLettersCommand,
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

/** The command that is meant, what is left for it, and what helps whoever asks; without a command, what is wrong. */
function findCommand(parameters: readonly string[]) {
  const [first, second] = parameters;
  const isNamed = first !== undefined && !first.startsWith("-");
  const name = isNamed ? first : "run";
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const rest = isNamed ? parameters.slice(1) : [...parameters];
  if (command === undefined) return { rest, usage: () => renderUsage(program), mistake: `unknown command ${name}` };
  // Commands that are named by a second word.
  const group = command.subCommands as Commands | undefined;
  if (group === undefined) {
    return { command, rest, usage: () => (isNamed ? renderUsage(command, program) : renderUsage(program)) };
  }
  const usage = () => renderUsage(command, program);
  if (second === undefined || second.startsWith("-"))
    return { rest, usage, mistake: `${name} needs one of ${Object.keys(group).join(", ")}` };
  const member = Object.hasOwn(group, second) ? group[second] : undefined;
  if (member === undefined) return { rest, usage, mistake: `unknown command ${name} ${second}` };
  const parent = defineCommand({ meta: { name: `threatbus-misp ${name}` } });
  return { command: member, rest: rest.slice(1), usage: () => renderUsage(member, parent) };
}

async function main(parameters: readonly string[]): Promise<number> {
  const [first] = parameters;
  if (first === "--version" || first === "-v") {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const { command, rest, usage, mistake } = findCommand(parameters);
  if (rest.includes("--help") || rest.includes("-h")) {
    say(process.stdout, await usage());
    return 0;
  }
  const wrong = mistake ?? findMistake(rest, (command?.args ?? {}) as ArgsDef);
  if (command === undefined || wrong !== undefined) {
    say(process.stderr, `threatbus-misp: ${wrong}\n\n${await usage()}`);
    return exitUsage;
  }
  const { result } = await runWith(command, { rawArgs: rest });
  // A write that nobody takes would keep the process alive; what it holds is not confirmed, and goes out at the next start.
  // The same holds for tap: its signal must end it also while it waits for its reader.
  if (command === runCommand || command === tapCommand) process.exit(result as number);
  return result as number;
}

process.exitCode = await main(process.argv.slice(2));
