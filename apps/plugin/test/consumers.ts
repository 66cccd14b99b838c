import type { StixObject } from "@tb/misp-core";

/** The two kinds of consumers on a Threat Bus, and what each holds. */
export interface Consumers {
  receive(objects: readonly StixObject[]): void;
  /** Keeps indicators by STIX id. */
  readonly byId: ReadonlyMap<string, StixObject>;
  /** Keeps values: the patterns that were announced and not removed since. */
  readonly byPattern: ReadonlySet<string>;
  /** How many objects came a second time, byte for byte. */
  readonly repeats: number;
  readonly received: number;
}

/** Consumers that hold nothing yet. They throw when two different objects of one id share a `modified`. */
export function createConsumers(): Consumers {
  const byId = new Map<string, StixObject>();
  const byPattern = new Set<string>();
  const seen = new Map<string, string>();
  let repeats = 0;
  let received = 0;
  return {
    receive(objects) {
      for (const object of objects) {
        received += 1;
        const version = `${object.id} ${object["modified"]}`;
        const text = JSON.stringify(object);
        const known = seen.get(version);
        if (known === text) repeats += 1;
        else if (known !== undefined) throw new Error(`two objects of one version:\n${known}\n${text}`);
        seen.set(version, text);
        const pattern = String(object["pattern"]);
        if (object["x_threatbus_update"] === "REMOVE") {
          byId.delete(object.id);
          byPattern.delete(pattern);
        } else {
          byId.set(object.id, object);
          byPattern.add(pattern);
        }
      }
    },
    byId,
    byPattern,
    get repeats() {
      return repeats;
    },
    get received() {
      return received;
    },
  };
}
