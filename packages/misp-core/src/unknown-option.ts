import { nearestWord } from "./nearest-word.ts";

/** Says of the first option whose name is none that there is none such, and what was probably meant; undefined: all are known. */
export function describeUnknownOption(options: object, names: readonly string[]): string | undefined {
  const name = Object.keys(options).find((key) => !names.includes(key));
  if (name === undefined) return undefined;
  const meant = nearestWord(name, names);
  return `there is no option ${name}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}
