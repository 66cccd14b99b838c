const quote = 0x22;
const backslash = 0x5c;

/**
 * Whether JSON text is nested deeper than a limit, by its brackets outside of strings. Looked at before parsing: a parser may
 * build a very deep value that whoever walks it later overflows the stack with. Text without that many brackets costs one
 * native search per bracket kind.
 */
export function isDeeperThan(body: Uint8Array, limit: number): boolean {
  if (!hasMoreThan(body, 0x5b, limit) && !hasMoreThan(body, 0x7b, limit)) return false;
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === quote) {
      i = endOfString(body, i + 1);
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
    }
  }
  return false;
}

/** Half of the limit each would do to reach it together: both kinds are searched for half of it. */
function hasMoreThan(body: Uint8Array, byte: number, limit: number): boolean {
  let count = 0;
  for (let i = body.indexOf(byte); i >= 0; i = body.indexOf(byte, i + 1)) {
    count += 1;
    if (count > limit / 2) return true;
  }
  return false;
}

/** The position of the quote that ends a string, or the end of the text. */
function endOfString(body: Uint8Array, from: number): number {
  for (let i = body.indexOf(quote, from); i >= 0; i = body.indexOf(quote, i + 1)) {
    let escapes = 0;
    // Goes no further back than the quote that opened the string.
    while (body[i - 1 - escapes] === backslash) escapes += 1;
    if (escapes % 2 === 0) return i;
  }
  return body.length;
}
