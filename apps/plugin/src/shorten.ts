/** A text for a person, cut when it is longer than `maxCharacters`, and then it says so. */
export function shorten(text: string, maxCharacters: number): string {
  const rest = text.length - maxCharacters;
  return rest > 0 ? `${text.slice(0, maxCharacters)}… (${rest} more characters)` : text;
}
