import { nearestWord } from "@tb/misp-core";
import { dotted } from "./problem.ts";
import type { Report } from "./report.ts";
import { asMapping, type ConfigPath, getIn, type Tree } from "./tree.ts";

/** The keys that are ours, by where they stand; Threat Bus had plugins directly under `plugins` until 2021.8. */
const ours: readonly (readonly [ConfigPath, readonly string[]])[] = [
  [[], ["logging", "plugins", "threatbus", "state"]],
  [["plugins"], ["apps", "misp", "zmq"]],
  [
    ["plugins", "apps"],
    ["misp", "zmq"],
  ],
];

/** Where the section of a plugin stands, in whichever layout the file has. A plugin that is there twice is a problem. */
export function findSection(raw: Tree, plugin: "misp" | "zmq", report: Report): ConfigPath | undefined {
  const [today, before] = [
    ["plugins", "apps", plugin],
    ["plugins", plugin],
  ];
  const [isToday, isBefore] = [getIn(raw, today) !== undefined, getIn(raw, before) !== undefined];
  if (isToday && isBefore) report.problem(before, `is there twice: ${dotted(today)} too`, "keep one of the two");
  if (isToday) return today;
  return isBefore ? before : undefined;
}

/** Says that there is nothing of MISP's, and which key may have been meant for it. */
export function reportNoMisp(raw: Tree, report: Report): void {
  const near = (["plugins.apps", "plugins"] as const).flatMap((parent) =>
    Object.keys(asMapping(getIn(raw, parent.split("."))))
      .filter((key) => nearestWord(key, ["misp"]) !== undefined)
      .map((key) => `did you mean "misp" by "${parent}.${key}"?`),
  );
  report.problem(
    ["plugins"],
    "there is no misp section",
    near[0] ?? "add plugins.apps.misp; the README has an example",
  );
}

/** Warns about every section that belongs to others: it is skipped, not refused, so that a Threat Bus' file can be used as it is. */
export function warnForeign(raw: Tree, report: Report): void {
  for (const [path, known] of ours) {
    for (const key of Object.keys(asMapping(getIn(raw, path)))) {
      if (known.includes(key)) continue;
      const near = nearestWord(key, known);
      const hint = near === undefined ? "" : `; did you mean "${near}"?`;
      if (path.length === 1 && key === "backbones") report.warn([...path, key], "is not needed here, and is skipped");
      else report.warn([...path, key], `is not ours, and is skipped${hint}`);
    }
  }
}

/**
 * Drops an empty `zmq` or `kafka` beside the other one: Threat Bus takes a key without a value for an absent one, and files are
 * written that way. Says whether there is one source.
 */
export function chooseTransport(misp: Tree, path: ConfigPath, report: Report): Tree {
  const { zmq, kafka } = misp;
  const empty = zmq === null && kafka ? "zmq" : kafka === null && zmq ? "kafka" : undefined;
  if (empty !== undefined) {
    report.warn([...path, empty], "is empty, and is skipped");
    const { [empty]: _, ...rest } = misp;
    return rest;
  }
  // Both empty: the schema says so of each.
  if (zmq === null && kafka === null) return misp;
  if (zmq !== undefined && kafka !== undefined) {
    report.problem(
      [...path, "kafka"],
      "zmq is configured too, and one program has one source",
      "remove one of the two",
    );
  } else if (zmq === undefined && kafka === undefined) {
    report.problem(
      path,
      "there is neither zmq nor kafka, so nothing to receive",
      "for example zmq: { host: misp.example, port: 50000 }",
    );
  }
  return misp;
}
