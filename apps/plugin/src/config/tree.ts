/** A mapping of the configuration as it was written, not yet checked. */
export type Tree = Record<string, unknown>;

/** A place in the configuration, from its root. */
export type ConfigPath = readonly (string | number)[];

export function isMapping(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value if it is a mapping, else an empty one: what is wrong with it, the schema says. */
export function asMapping(value: unknown): Tree {
  return isMapping(value) ? value : {};
}

/** What stands at a path; undefined when nothing does. */
export function getIn(root: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>((value, part) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    return (value as Tree)[part];
  }, root);
}

/** Puts a value at a path, in place; what is no mapping on the way becomes one. */
export function setIn(root: Tree, path: ConfigPath, value: unknown): void {
  const [key = "", ...rest] = path;
  if (rest.length === 0) {
    root[key] = value;
    return;
  }
  // A copy: YAML's anchors make one mapping stand in several places.
  const below = { ...asMapping(Object.hasOwn(root, key) ? root[key] : undefined) };
  root[key] = below;
  setIn(below, rest, value);
}
