import type { StixObject } from "@tb/misp-core";
import { indicator } from "./objects.ts";

/** What a program publishes about an index in which each id holds one value, and what consumers that remove by value make of it. */
export interface ValueModel {
  /** Gives an id another value, or none; returns what is published about it. */
  set(id: number, value: string | undefined): StixObject[];
  /** The patterns that are to be held. */
  patterns(): Set<unknown>;
  /** Id and value of all that live. */
  live(): ReadonlyMap<number, string>;
}

export const announce = (id: number, value: string): StixObject => indicator(id, { pattern: toPattern(value) });

export const withdraw = (id: number, value: string): StixObject =>
  indicator(id, { pattern: toPattern(value), x_threatbus_update: "REMOVE" });

export function createValueModel(): ValueModel {
  const live = new Map<number, string>();
  return {
    set(id, value) {
      const before = live.get(id);
      const objects: StixObject[] = [];
      if (value === undefined) live.delete(id);
      else live.set(id, value);
      if (before !== undefined && before !== value) {
        objects.push(withdraw(id, before));
        // Right behind a REMOVE stands one announcement that still holds the value.
        const survivor = [...live].sort(([a], [b]) => a - b).find(([other, held]) => other !== id && held === before);
        if (survivor !== undefined) objects.push(announce(...survivor));
      }
      if (value !== undefined) objects.push(announce(id, value));
      return objects;
    },
    patterns: () => new Set([...live.values()].map(toPattern)),
    live: () => live,
  };
}

/** A consumer takes one object, as JSON. */
export function consume(held: Set<unknown>, text: string): void {
  const object = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (object["x_threatbus_update"] === "REMOVE") held.delete(object["pattern"]);
  else held.add(object["pattern"]);
}

export function toPattern(value: string): string {
  return `[domain-name:value = '${value}.example']`;
}
