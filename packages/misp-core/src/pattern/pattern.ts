import { escapeLiteral } from "./escape.ts";
import { hashForms } from "./hash.ts";
import { normalise } from "./normalise.ts";
import type { Reading } from "./reading.ts";
import { mappings } from "./table.ts";
import { unmapped } from "./unmapped.ts";

/** The pattern of a MISP attribute, or why there is none. */
export type PatternResult =
  | {
      readonly ok: true;
      readonly pattern: string;
      /** As in the indicator's `pattern_type`: `stix`, `snort`, `suricata`, `yara` or `sigma`. */
      readonly patternType: string;
    }
  | {
      readonly ok: false;
      /** `unmapped_type`: MISP's type has no pattern. `unusable_value`: this value cannot be an indicator of its type. */
      readonly reason: "unmapped_type" | "unusable_value";
      /** For a person; says what was expected, never the value. */
      readonly detail: string;
    };

/** All attribute types that MISP knows (2.5.1), mapped ones first. */
export const mispTypes: readonly string[] = [...mappings.keys(), ...unmapped.flatMap((group) => group.types)];

/** Raise it whenever a reader, the escaping or the rendering changes what a pattern says: the table does not show that. */
const revision = 1;

/** Whether attributes of this type can have a pattern. */
export function isMappedType(type: string): boolean {
  return mappings.has(type);
}

/**
 * The pattern that finds what a MISP attribute describes. Looks at type and value only. Two spellings of a value that MISP
 * stores as one give one pattern. Never throws; takes time linear in the length of the value.
 */
export function toPattern(type: string, value: string): PatternResult {
  const mapping = mappings.get(type);
  if (mapping === undefined) {
    return { ok: false, reason: "unmapped_type", detail: "this type has no STIX pattern" };
  }
  const reading = normalise(mapping.shape, value);
  if (!reading.ok) return { ok: false, reason: "unusable_value", detail: `${type}: ${reading.detail}` };
  return { ok: true, pattern: render(mapping.template, reading), patternType: mapping.patternType };
}

/** A text that changes whenever the mapping's meaning does: in a digest, it says that everything must be evaluated anew. */
export function describeMapping(): string {
  const table = [...mappings].map(([type, { template, patternType, shape }]) => [type, template, patternType, shape]);
  const hashes = Object.entries(hashForms).map(([type, { form }]) => [type, form.source]);
  return JSON.stringify({ revision, table, hashes });
}

/** A rule's `{0}` stands alone and stays verbatim; elsewhere digits and quoted texts are escaped alike. */
function render(template: string, { parts, ipType }: Extract<Reading, { readonly ok: true }>): string {
  if (template === "{0}") return parts[0] ?? "";
  return template.replace(/\{(0|1|iptype)\}/g, (_, slot: string) =>
    slot === "iptype" ? (ipType ?? "") : escapeLiteral(parts[Number(slot)] ?? ""),
  );
}
