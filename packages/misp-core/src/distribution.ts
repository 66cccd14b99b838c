import type { AttributeContent } from "./change.ts";
import { isFields, readId } from "./decode-fields.ts";

/** MISP's value for "as what it is in". */
const inherit = 5;
const sharingGroup = 4;
/** All communities: the one level that restricts nothing. */
const everybody = 3;

/** 0 your organisation, 1 this community, 2 connected communities, 3 all, 4 sharing group, 5 inherit. */
export function readDistribution(value: unknown): number | undefined {
  if (value === 0 || value === "0") return 0;
  const id = readId(value);
  return id !== undefined && id <= inherit ? id : undefined;
}

/**
 * The distribution of the object that an attribute is in; of one that is in none, that it inherits. Undefined where the message
 * names an object and does not have it.
 *
 * @param objectId MISP's `object_id`: 0 for none
 */
export function readObjectDistribution(objectId: unknown, object: unknown): number | undefined {
  if (isFields(object)) return readDistribution(object["distribution"]);
  return objectId === 0 || objectId === "0" ? inherit : undefined;
}

/** What a newer message says of an attribute, with what only the older one said: a part that is missing erases nothing. */
export function mergeContent(older: AttributeContent, newer: AttributeContent): AttributeContent {
  const distribution = newer.distribution ?? older.distribution;
  const objectDistribution = newer.objectDistribution ?? older.objectDistribution;
  if (distribution === newer.distribution && objectDistribution === newer.objectDistribution) return newer;
  return {
    ...newer,
    ...(distribution === undefined ? {} : { distribution }),
    ...(objectDistribution === undefined ? {} : { objectDistribution }),
  };
}

/**
 * How far an attribute may go: what MISP lets somebody see is what attribute, object and event **all** let them see. So it is the
 * narrowest level of the three, and beside it the sharing group if one of them names one: how far that reaches no message says,
 * so it stands for itself. Undefined when a part is not known.
 *
 * @returns growing, at least one of 0 (your organisation), 1 (this community), 2 (connected communities), 3 (all), 4 (sharing group)
 */
export function effectiveDistribution(
  { distribution, objectDistribution }: Pick<AttributeContent, "distribution" | "objectDistribution">,
  event: { readonly distribution?: number } | undefined,
): readonly number[] | undefined {
  // An event inherits from nothing: such a value would let everything through.
  const outermost = event?.distribution === inherit ? undefined : event?.distribution;
  if (distribution === undefined || objectDistribution === undefined || outermost === undefined) return undefined;
  const chain = [distribution, objectDistribution, outermost];
  const narrowest = Math.min(everybody, ...chain.filter((level) => level < sharingGroup));
  if (!chain.includes(sharingGroup)) return [narrowest];
  return narrowest === everybody ? [sharingGroup] : [narrowest, sharingGroup];
}
