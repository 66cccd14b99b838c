/** MISP's numbers are strings by default, integers on some installations (`STRINGIFY_FETCHES`). */
export function readInteger(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** A text that is not empty. */
export function readText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A time in a header, in milliseconds since the epoch. */
export function readTime(text: string | null): number | undefined {
  const timeMs = Date.parse(text ?? "");
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** Laxer than what consumers of STIX accept: MISP keeps any version and variant, and an event must not be missed for it. */
const uuidShape = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Lower case, or undefined when it is none. */
export function readUuid(value: unknown): string | undefined {
  return typeof value === "string" && uuidShape.test(value) ? value.toLowerCase() : undefined;
}
