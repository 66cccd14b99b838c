import { parse } from "yaml";

const prefix = "THREATBUS_";
/** Other variables with the prefix are not ours: Threat Bus' other programs have their own. */
const roots = ["plugins", "logging", "state", "threatbus"];

/** A setting that the environment overrides. */
export interface Override {
  readonly variable: string;
  /** Lower case, as in the file. */
  readonly path: readonly string[];
  readonly value: unknown;
}

/**
 * `THREATBUS_PLUGINS__APPS__MISP__ZMQ__PORT=50001` as Threat Bus reads it: two underscores go one level down, case does not matter,
 * the value is YAML (so `true` and `5` are no texts, and `["a", "b"]` is a list).
 */
export function readOverrides(environment: Readonly<Record<string, string | undefined>>): readonly Override[] {
  const overrides: Override[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || !variable.toUpperCase().startsWith(prefix)) continue;
    const path = variable.slice(prefix.length).toLowerCase().split("__");
    if (!roots.includes(path[0] ?? "") || path.includes("")) continue;
    overrides.push({ variable, path, value: parseValue(text) });
  }
  return overrides;
}

function parseValue(text: string): unknown {
  try {
    return parse(text);
  } catch {
    // A password may look like broken YAML.
    return text;
  }
}
