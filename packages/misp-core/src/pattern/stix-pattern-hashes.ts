/** A step of an object path: a property's name, or a position in a list. */
export type PathStep = { readonly property: string } | { readonly position: string };

/** The lengths in hexadecimal characters that the OASIS validator checks, by the key in capitals without hyphens. */
const lengths: ReadonlyMap<string, number> = new Map([
  ["MD5", 32],
  ["MD6", 32],
  ["RIPEMD160", 40],
  ["SHA1", 40],
  ["SHA224", 56],
  ["SHA256", 64],
  ["SHA384", 96],
  ["SHA512", 128],
  ["SHA3224", 56],
  ["SHA3256", 64],
  ["SHA3384", 96],
  ["SHA3512", 128],
  ["WHIRLPOOL", 128],
]);

/**
 * What python-stix2 would refuse about comparing a hash, or undefined. It looks at every path with a property `hashes` in it,
 * takes the last step for the hash type, and wants a whole hash there whatever the operator is; a list position as the last
 * step makes it crash (stix2-patterns 2.1.2, `object_validator.py`).
 *
 * @param value the string compared with; absent when it is no single string.
 */
export function hashProblem(path: readonly PathStep[], value: string | undefined): string | undefined {
  const last = path.at(-1);
  if (last === undefined || !path.some((step) => "property" in step && step.property === "hashes")) return undefined;
  if ("position" in last) return last.position === "*" ? undefined : "a hash type instead of a list position";
  const type = last.property.toUpperCase().replace(/[-']/g, "");
  if (type === "SSDEEP") return /^[a-zA-Z0-9/+:.]{1,128}$/.test(value ?? "") ? undefined : "an ssdeep hash";
  const length = lengths.get(type);
  if (length === undefined || (value?.length === length && /^[0-9a-fA-F]+$/.test(value))) return undefined;
  return `one whole ${last.property} hash of ${length} hexadecimal characters`;
}
