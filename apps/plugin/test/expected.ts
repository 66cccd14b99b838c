import { type StixObject, tlpMarking, toPattern } from "@tb/misp-core";
import type { MispModel } from "@tb/misp-simulator";

/** A filter, as the test understands it: written a second time, as plainly as can be. */
export interface PlainItem {
  readonly orgs?: readonly number[];
  readonly types?: readonly string[];
  readonly tags?: readonly string[];
}

/** Filters to try properties with: none, by tags, and by everything. */
export const filtersToTry: readonly (readonly PlainItem[] | undefined)[] = [
  undefined,
  [{ tags: ["tlp:amber"] }],
  [
    { orgs: [1], types: ["ip-dst", "domain", "url", "filename"] },
    { orgs: [2, 3], tags: ["tlp:red", "work:triage"] },
  ],
];

/** What consumers must hold of an indicator. */
export interface ExpectedIndicator {
  readonly pattern: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly markings: readonly string[] | undefined;
}

/** What MISP holds and the filter lets through, by STIX id. No items: everything. */
export function expectedIndicators(
  model: MispModel,
  items: readonly PlainItem[] | undefined,
): Map<string, ExpectedIndicator> {
  const expected = new Map<string, ExpectedIndicator>();
  for (const attribute of model.attributes()) {
    const { event, type, value, comment } = attribute;
    if (!attribute.toIds) continue;
    const names = [...attribute.tags, ...event.tags].map((tag) => tag.name.toLowerCase());
    const admitted =
      items === undefined ||
      items.some(
        (item) =>
          (item.orgs === undefined || item.orgs.includes(event.orgc.id)) &&
          (item.types === undefined || item.types.includes(type)) &&
          (item.tags === undefined || item.tags.some((tag) => names.includes(tag.toLowerCase()))),
      );
    const pattern = toPattern(type, value);
    if (!admitted || !pattern.ok) continue;
    const marking = tlpMarking(attribute.tags) ?? tlpMarking(event.tags);
    expected.set(`indicator--${attribute.uuid}`, {
      pattern: pattern.pattern,
      name: value,
      description: comment === "" ? undefined : comment,
      markings: marking === undefined ? undefined : [marking],
    });
  }
  return expected;
}

/** What consumers hold beside what they should, by id and by value; empty when both are the same. */
export function describeDifferences(
  byId: ReadonlyMap<string, StixObject>,
  byPattern: ReadonlySet<string>,
  expected: ReadonlyMap<string, ExpectedIndicator>,
): readonly string[] {
  const wrong: string[] = [];
  for (const id of new Set([...byId.keys(), ...expected.keys()])) {
    const [held, due] = [byId.get(id), expected.get(id)];
    const [is, shouldBe] = [held && JSON.stringify(toExpected(held)), due && JSON.stringify(due)];
    if (is !== shouldBe) wrong.push(`${id}: ${is ?? "not held"}, MISP lists ${shouldBe ?? "nothing"}`);
  }
  const patterns = new Set([...expected.values()].map(({ pattern }) => pattern));
  for (const pattern of byPattern) if (!patterns.has(pattern)) wrong.push(`${pattern}: stale`);
  for (const pattern of patterns) if (!byPattern.has(pattern)) wrong.push(`${pattern}: missing`);
  return wrong;
}

/** What is to be compared of an object. */
export function toExpected(object: StixObject): ExpectedIndicator {
  return {
    pattern: String(object["pattern"]),
    name: String(object["name"]),
    description: object["description"] as string | undefined,
    markings: object["object_marking_refs"] as readonly string[] | undefined,
  };
}
