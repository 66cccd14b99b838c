#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { type CommandDef, defineCommand, renderUsage, runCommand as runWith } from "citty";
import { checkCommand } from "./commands/check.ts";
import { runCommand } from "./commands/run.ts";
import { schemaCommand } from "./commands/schema.ts";

/** EX_USAGE */
const exitUsage = 64;

// biome-ignore lint/suspicious/noExplicitAny: commands differ in their options
const commands: Readonly<Record<string, CommandDef<any>>> = {
  run: runCommand,
  check: checkCommand,
  schema: schemaCommand,
};

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = defineCommand({
  meta: { name: "threatbus-misp", version, description: "An exact, live view of MISP's indicators on a Threat Bus" },
  subCommands: commands,
});

/** citty ignores what it does not know; a mistyped option must not run the program with another file than was meant. */
function findMistake(parameters: readonly string[], known: readonly string[]): string | undefined {
  let isGiven = false;
  for (let i = 0; i < parameters.length; i++) {
    const parameter = parameters[i] ?? "";
    // `-c=FILE` would be read as the file `=FILE`.
    const [option = "", attached] = parameter.startsWith("--") ? parameter.split(/=(.*)/s) : [parameter];
    if (!known.includes(option)) return `unknown ${option.startsWith("-") ? "option" : "parameter"} ${option}`;
    if (isGiven) return `${option} is given twice`;
    isGiven = true;
    const file = attached ?? parameters[++i];
    if (file === undefined || file === "" || (attached === undefined && file.startsWith("-")))
      return `${option} needs a file`;
  }
  return undefined;
}

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
  const known = named && first === "schema" ? [] : ["-c", "--config"];
  const mistake = command === undefined ? `unknown command ${first}` : findMistake(rest, known);
  if (command === undefined || mistake !== undefined) {
    say(process.stderr, `threatbus-misp: ${mistake}\n\n${await renderUsage(program)}`);
    return exitUsage;
  }
  const { result } = await runWith(command, { rawArgs: rest });
  // A write that nobody takes would keep the process alive; what it holds is not confirmed, and goes out at the next start.
  if (command === runCommand) process.exit(result as number);
  return result as number;
}

process.exitCode = await main(process.argv.slice(2));
