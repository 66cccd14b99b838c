import { nearestWord, type Sighting } from "@tb/misp-core";

/** Writes MISP's `source` for a sighting. */
export type SourceTemplate = (sighting: Sighting) => string;

export type CompiledSourceTemplate =
  | { readonly ok: true; readonly template: SourceTemplate }
  | { readonly ok: false; readonly detail: string };

/** MISP's column is varchar(255); one character more is an HTTP 500 for the whole batch (recorded). */
const maxLength = 255;
const fallback = "threatbus";

const placeholders = new Map<string, (sighting: Sighting) => string | undefined>([
  ["source", ({ hints }) => hints.source],
  ["match_type", ({ hints }) => hints.matchType],
  ["description", ({ hints }) => hints.description],
]);

/**
 * Compiles a template such as `threatbus {source} ({match_type})`. `{source}` is `x_threatbus_source`, `{match_type}` is
 * `x_threatbus_match_type`, `{description}` is `description`; what a sighting does not say is left empty. What is empty as a whole
 * becomes `threatbus`.
 */
export function compileSourceTemplate(text: string): CompiledSourceTemplate {
  for (const [found, name = ""] of text.matchAll(/\{([^{}]*)\}/g)) {
    if (placeholders.has(name)) continue;
    const nearest = nearestWord(name, placeholders.keys());
    const known = [...placeholders.keys()].map((key) => `{${key}}`).join(", ");
    const hint = nearest === undefined ? `there are ${known}` : `did you mean {${nearest}}?`;
    return { ok: false, detail: `the template has the unknown placeholder ${found}; ${hint}` };
  }
  return {
    ok: true,
    template: (sighting) => {
      const filled = text.replace(/\{([^{}]*)\}/g, (_, name: string) => placeholders.get(name)?.(sighting) ?? "");
      return normaliseSource(filled) || fallback;
    },
  };
}

export const defaultSource: SourceTemplate = () => fallback;

/**
 * A text as MISP can keep it: one line, trimmed (MISP trims too, so that what comes back is equal), at most 255 characters, and
 * none of 4 bytes in UTF-8: the column is utf8mb3, and one emoji is an HTTP 500 for the whole batch (recorded).
 */
function normaliseSource(text: string, length: number = maxLength): string {
  return text
    .slice(0, 4 * maxLength)
    .replace(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g, "\ufffd")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .slice(0, length)
    .trim();
}

/** Says in the source how many sightings the row stands for: MISP itself has no count. */
export function sourceWithCount(source: string, count: number): string {
  if (count === 1) return source;
  const suffix = ` (${count} sightings)`;
  return normaliseSource(source, maxLength - suffix.length) + suffix;
}
