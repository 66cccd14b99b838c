import { shorten } from "../shorten.ts";

/** Longer texts are cut: a MISP value may have 64 KiB, and a log line is for a person. */
const maxCharacters = 2_000;
const maxItems = 50;
const maxDepth = 6;

/**
 * Any value as plain JSON data whose every text, keys included, has gone through `clean`. Errors become their parts, bytes their
 * number; what is too long, too many or too deep is cut and says so, which also ends circles.
 */
export function toPlainFields(value: unknown, clean: (text: string) => string): unknown {
  const text = (value: string): string => shorten(clean(value), maxCharacters);

  const list = (values: readonly unknown[], depth: number): unknown[] => {
    const items = values.slice(0, maxItems).map((item) => plain(item, depth + 1));
    return values.length > maxItems ? [...items, `… (${values.length - maxItems} more)`] : items;
  };

  const error = (thrown: Error, depth: number) => ({
    type: text(thrown.name),
    message: text(thrown.message),
    ...("code" in thrown ? { code: plain(thrown.code, depth + 1) } : {}),
    ...(thrown.cause === undefined ? {} : { cause: plain(thrown.cause, depth + 1) }),
    // As lines, since a line break inside a text would be neutralised.
    stack: list((thrown.stack ?? "").split("\n").slice(1), depth),
  });

  const plain = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return text(value);
    if (typeof value === "bigint") return String(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth > maxDepth) return "…";
    if (value instanceof Error) return error(value, depth);
    if (value instanceof Uint8Array) return `(${value.length} bytes)`;
    if (Array.isArray(value)) return list(value, depth);
    if ("toJSON" in value && typeof value.toJSON === "function") return plain(value.toJSON(), depth + 1);
    const entries = Object.entries(value);
    const shown = entries.slice(0, maxItems).map(([key, item]) => [text(key), plain(item, depth + 1)] as const);
    const rest = entries.length - maxItems;
    return Object.fromEntries(rest > 0 ? [...shown, ["…", `(${rest} more)`]] : shown);
  };

  return plain(value, 0);
}
