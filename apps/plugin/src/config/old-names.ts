import { asMapping, type ConfigPath, getIn, setIn, type Tree } from "./tree.ts";

/** What Threat Bus called the section of the app protocol at first (`threatbus-zmq-app` 2020.11.26: `plugins: { zmq-app: … }`). */
const oldNames: readonly unknown[] = ["zmq-app", "zmq_app"];
const parents: readonly ConfigPath[] = [["plugins"], ["plugins", "apps"]];

/** A section that goes by today's name now, or could not, since there is one already. */
export interface Renamed {
  readonly from: ConfigPath;
  readonly to: ConfigPath;
  readonly twice: boolean;
}

/** A path, such as an environment variable's, with today's name in it. */
export function toPresentName(path: readonly string[]): readonly string[] {
  const at = path[1] === "apps" ? 2 : 1;
  return path[0] === "plugins" && oldNames.includes(path[at]) ? path.toSpliced(at, 1, "zmq") : path;
}

/** Gives sections with an old name today's, in place. */
export function renameOld(raw: Tree): readonly Renamed[] {
  const all: Renamed[] = [];
  for (const parent of parents) {
    for (const key of Object.keys(asMapping(getIn(raw, parent))).filter((name) => oldNames.includes(name))) {
      const { [key]: section, ...others } = asMapping(getIn(raw, parent));
      const twice = Object.hasOwn(others, "zmq");
      setIn(raw, parent, twice ? others : { ...others, zmq: section });
      all.push({ from: [...parent, key], to: [...parent, "zmq"], twice });
    }
  }
  return all;
}
