/**
 * A value as the inside of a STIX string literal. STIX knows exactly two escapes, for the backslash and the quote; any other
 * character stands for itself, line breaks included, and any other escape is a syntax error (measured with the OASIS validator).
 *
 * The backslash goes first: the other way round, the backslash of an escaped quote would be escaped too.
 */
export function escapeLiteral(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}

/** The value that the inside of a STIX string literal stands for. Takes what {@link escapeLiteral} gives. */
export function unescapeLiteral(literal: string): string {
  return literal.replace(/\\(['\\])/g, "$1");
}
