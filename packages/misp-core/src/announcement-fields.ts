/** A tag with all that is known of it, as the filter, labels and markings see it. */
export interface ResolvedTag {
  readonly name: string;
  readonly local?: boolean;
  readonly exportable?: boolean;
}

/**
 * TLP levels, least strict first, with the STIX marking that stands for each. White, green, amber and red are the four
 * markings that STIX 2.1 fixes (TLP 1); clear and amber+strict exist only as TLP 2 markings.
 */
const tlpLevels: ReadonlyMap<string, { readonly strictness: number; readonly marking: string }> = new Map([
  ["tlp:clear", { strictness: 0, marking: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487" }],
  ["tlp:white", { strictness: 0, marking: "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9" }],
  ["tlp:green", { strictness: 1, marking: "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da" }],
  ["tlp:amber", { strictness: 2, marking: "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82" }],
  ["tlp:amber+strict", { strictness: 3, marking: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003" }],
  ["tlp:red", { strictness: 4, marking: "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed" }],
]);

/** MISP's confidence taxonomy on STIX's scale from 0 to 100, as misp-stix maps it. */
const confidenceLevels: ReadonlyMap<string, number> = new Map([
  ['misp:confidence-level="completely-confident"', 100],
  ['misp:confidence-level="usually-confident"', 75],
  ['misp:confidence-level="fairly-confident"', 50],
  ['misp:confidence-level="rarely-confident"', 25],
  ['misp:confidence-level="unconfident"', 0],
]);

/** The marking of the strictest TLP tag, any case; undefined when no tag is one. */
export function tlpMarking(tags: readonly ResolvedTag[]): string | undefined {
  let strictest: { readonly strictness: number; readonly marking: string } | undefined;
  for (const tag of tags) {
    const level = tlpLevels.get(tag.name.toLowerCase());
    if (level !== undefined && (strictest === undefined || level.strictness > strictest.strictness)) strictest = level;
  }
  return strictest?.marking;
}

/** The lowest confidence that a tag states; undefined when none does. */
export function confidence(tags: readonly ResolvedTag[]): number | undefined {
  let lowest: number | undefined;
  for (const tag of tags) {
    const level = confidenceLevels.get(tag.name.toLowerCase());
    if (level !== undefined && (lowest === undefined || level < lowest)) lowest = level;
  }
  return lowest;
}

/**
 * Tag names that may leave this MISP: known to be neither local nor non-exportable. TLP tags are left out, they are markings.
 * `own` before `event`, each name once.
 */
export function labels(own: readonly ResolvedTag[], event: readonly ResolvedTag[]): readonly string[] {
  const names = new Set<string>();
  for (const tags of [own, event]) {
    for (const tag of tags) {
      if (tag.local === false && tag.exportable === true && !tlpLevels.has(tag.name.toLowerCase())) names.add(tag.name);
    }
  }
  return [...names];
}
