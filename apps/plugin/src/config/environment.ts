import { parse } from "yaml";
import { asMapping, type Tree } from "./tree.ts";

const prefix = "THREATBUS_";
/** Other variables with the prefix are not ours: Threat Bus' other programs have their own. */
const roots = ["plugins", "logging", "state", "threatbus"];

/** A setting that the environment overrides. */
export interface Override {
  readonly variable: string;
  /** Lower case, as in the file. */
  readonly path: readonly string[];
  readonly value: unknown;
  /** The value if it is a text whatever it looks like: only quotes around the whole of it are taken off. */
  readonly text: string;
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
    const value = parseValue(text);
    const isQuoted = typeof value === "string" && /^(["'])[\s\S]*\1$/.test(text);
    overrides.push({ variable, path, value, text: isQuoted ? value : text });
  }
  return overrides;
}

/** The override with the path of the layout that the file has: plugins under `plugins.apps`, or directly under `plugins`. */
export function toLayoutOf(raw: Tree, override: Override): Override {
  const [root, ...below] = override.path;
  if (root !== "plugins") return override;
  const plugins = asMapping(raw["plugins"]);
  const isNew = below[0] === "apps";
  const [plugin = "", ...rest] = isNew ? below.slice(1) : below;
  const inApps = asMapping(plugins["apps"])[plugin] !== undefined;
  const inPlugins = plugins[plugin] !== undefined;
  if (isNew && inPlugins && !inApps) return { ...override, path: ["plugins", plugin, ...rest] };
  if (!isNew && inApps && !inPlugins) return { ...override, path: ["plugins", "apps", plugin, ...rest] };
  return override;
}

function parseValue(text: string): unknown {
  try {
    // Without the level the parser prints what it finds odd, and with it the value.
    return parse(text, { logLevel: "error" });
  } catch {
    // A password may look like broken YAML.
    return text;
  }
}
