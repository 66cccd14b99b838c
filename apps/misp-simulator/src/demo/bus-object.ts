/** What the demo reads of a STIX object on the bus. */
export interface BusObject {
  readonly name: string;
  readonly pattern: string;
  readonly update: "announce" | "edit" | "remove";
}

const updates = { EDIT: "edit", REMOVE: "remove" } as const;

/**
 * Reads a line of the program's output.
 *
 * @throws when it is no STIX indicator: nothing else may be on its stdout
 */
export function parseBusObject(line: string): BusObject {
  const object = JSON.parse(line) as Record<string, unknown>;
  const { type, name, pattern, x_threatbus_update: update } = object;
  if (type !== "indicator" || typeof pattern !== "string") throw new Error(`not an indicator: ${line.slice(0, 200)}`);
  const known = update === "EDIT" || update === "REMOVE" ? updates[update] : "announce";
  return { name: String(name), pattern, update: known };
}

/** The sign that stands for what happened. */
export const signs = { announce: "+", edit: "~", remove: "-" } as const;

/** A consumer that keeps values, as a detection tool does: it adds on every announcement and drops on a removal. */
export interface ValueConsumer {
  take(object: BusObject): void;
  /** The names of what it holds, sorted. */
  holds(): string[];
}

/** A consumer that holds nothing yet. */
export function createValueConsumer(): ValueConsumer {
  const names = new Map<string, string>();
  return {
    take({ pattern, name, update }) {
      if (update === "remove") names.delete(pattern);
      else names.set(pattern, name);
    },
    holds: () => [...names.values()].sort(),
  };
}
