import { tlpMarking, toPattern } from "@tb/misp-core";
import type { MispModel } from "@tb/misp-simulator";

/** A filter, as the test understands it: written a second time, as plainly as can be. */
export interface PlainItem {
  readonly orgs?: readonly number[];
  readonly types?: readonly string[];
  readonly tags?: readonly string[];
}

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
