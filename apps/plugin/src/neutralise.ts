/**
 * What a terminal or a log reader acts on instead of showing it: control characters (C0, DEL, C1, so escape sequences and line
 * breaks too), format characters (bidirectional controls and invisible ones), the two Unicode line breaks, lone surrogates.
 */
const active = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Text from outside as it can be shown to a person: what would act is written as its code, such as `\u001b`. MISP's values are
 * anybody's input, so a comment could otherwise clear a screen, forge a line or turn a file name round.
 */
export function neutralise(text: string): string {
  return text.replace(active, (character) => {
    const hexadecimal = character.codePointAt(0)?.toString(16) ?? "";
    return hexadecimal.length > 4 ? `\\u{${hexadecimal}}` : `\\u${hexadecimal.padStart(4, "0")}`;
  });
}

/**
 * JSON without white space, with the same characters written as escapes that every JSON reader takes back: nothing is lost.
 * `JSON.stringify` escapes C0 controls and lone surrogates alone.
 */
export function neutraliseJson(json: string): string {
  return json.replace(active, (character) => {
    let escaped = "";
    for (let i = 0; i < character.length; i++) {
      escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
    }
    return escaped;
  });
}
