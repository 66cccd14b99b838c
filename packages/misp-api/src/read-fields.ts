/** An object out of an answer, of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** MISP's ids and times are strings by default, integers on some installations (`STRINGIFY_FETCHES`). */
export function readInteger(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** An integer above 0. */
export function readId(value: unknown): number | undefined {
  const id = readInteger(value);
  return id === 0 ? undefined : id;
}

/** A text that is not empty. */
export function readText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

const uuidShape = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Lower case, or undefined when it is none. */
export function readUuid(value: unknown): string | undefined {
  return typeof value === "string" && uuidShape.test(value) ? value.toLowerCase() : undefined;
}

/** MISP writes booleans as true, 1 or "1"; what is absent or null stays unknown. */
export function readBoolean(value: unknown): boolean | undefined {
  return value === undefined || value === null ? undefined : value === true || value === 1 || value === "1";
}
