import type { ArgDef, ArgsDef } from "citty";
import { duration } from "../config/duration.ts";

/**
 * What is wrong with a command's parameters; undefined when nothing is. citty ignores what it does not know, and a mistyped option
 * must not run the program with another file than was meant. A positional whose value hint ends in … may be given several times.
 */
export function findMistake(parameters: readonly string[], args: ArgsDef): string | undefined {
  const options = new Map<string, readonly [name: string, definition: ArgDef]>();
  const positionals: (readonly [name: string, definition: ArgDef])[] = [];
  for (const [name, definition] of Object.entries(args)) {
    if (definition.type === "positional") positionals.push([name, definition]);
    else options.set(`--${name}`, [name, definition]);
    if ("alias" in definition && typeof definition.alias === "string")
      options.set(`-${definition.alias}`, [name, definition]);
  }

  const given = new Set<string>();
  for (let i = 0; i < parameters.length; i++) {
    const parameter = parameters[i] ?? "";
    if (!parameter.startsWith("-")) {
      const [name] = positionals.find(([name, { valueHint }]) => !given.has(name) || valueHint?.endsWith("…")) ?? [];
      if (name === undefined || parameter === "") return `unknown parameter ${parameter}`;
      given.add(name);
      continue;
    }
    // `-c=FILE` would be read as the file `=FILE`.
    const [option = "", attached] = parameter.startsWith("--") ? parameter.split(/=(.*)/s) : [parameter];
    const known = options.get(option);
    if (known === undefined) return `unknown option ${option}`;
    const [name, definition] = known;
    if (given.has(name)) return `${option} is given twice`;
    given.add(name);
    if (definition.type === "boolean") {
      if (attached !== undefined) return `${option} takes no value`;
      continue;
    }
    const value = attached ?? parameters[++i];
    if (value === undefined || value === "" || (attached === undefined && value.startsWith("-")))
      return `${option} needs ${wants(definition)}`;
    if (!fits(value, definition)) return `${option} needs ${wants(definition)}`;
  }
  const missing = positionals.find(([name, definition]) => definition.required === true && !given.has(name));
  return missing === undefined ? undefined : `${missing[1].valueHint ?? missing[0]} is missing`;
}

function fits(value: string, { valueHint }: ArgDef): boolean {
  if (valueHint === "N") return /^[1-9]\d{0,8}$/.test(value);
  return valueHint !== "TIME" || duration.safeParse(value).success;
}

function wants({ valueHint }: ArgDef): string {
  if (valueHint === "N") return "a whole number above 0";
  return valueHint === "TIME" ? "a time such as 30m, 12h or 7d" : "a file";
}
