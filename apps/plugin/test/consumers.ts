import type { StixObject } from "@tb/misp-core";

/** The two kinds of consumers on a Threat Bus, and what each holds. */
interface Holder {
  receive(objects: readonly StixObject[]): void;
  /** Keeps indicators by STIX id. */
  readonly byId: ReadonlyMap<string, StixObject>;
  /** Keeps values: the patterns that were announced and not removed since. */
  readonly byPattern: ReadonlySet<string>;
}

export interface Consumers extends Holder {
  /** How many objects came. */
  readonly received: number;
}

export function createHolder(): Holder {
  const byId = new Map<string, StixObject>();
  const byPattern = new Set<string>();
  return {
    receive(objects) {
      for (const object of objects) {
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
  };
}

/** Consumers that are always there. They throw when two different objects of one id share a `modified`. */
export function createConsumers(): Consumers {
  const holder = createHolder();
  const seen = new Map<string, string>();
  let received = 0;
  return {
    ...holder,
    receive(objects) {
      for (const object of objects) {
        received += 1;
        const version = `${object.id} ${object["modified"]}`;
        const text = JSON.stringify(object);
        const known = seen.get(version) ?? text;
        if (known !== text) throw new Error(`two objects of one version:\n${known}\n${text}`);
        seen.set(version, text);
      }
      holder.receive(objects);
    },
    get received() {
      return received;
    },
  };
}
