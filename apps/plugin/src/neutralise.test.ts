import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { neutralise, neutraliseJson } from "./neutralise.ts";

describe("neutralise", () => {
  it.each([
    ["an escape sequence", "\u001b[2J\u001b]0;title\u0007", "\\u001b[2J\\u001b]0;title\\u0007"],
    ["line breaks and tabs", "a\r\nb\tc", "a\\u000d\\u000ab\\u0009c"],
    ["NUL and DEL", "\0\u007f", "\\u0000\\u007f"],
    ["C1 controls, which some terminals take for an escape", "\u009b31m\u0085", "\\u009b31m\\u0085"],
    ["bidirectional controls", "exe.\u202etxt\u2066\u2069\u200f\u061c", "exe.\\u202etxt\\u2066\\u2069\\u200f\\u061c"],
    ["invisible characters", "a\u200bb\ufeffc\u00add", "a\\u200bb\\ufeffc\\u00add"],
    ["Unicode line breaks", "a\u2028b\u2029c", "a\\u2028b\\u2029c"],
    ["tag characters", "a\u{e0041}", "a\\u{e0041}"],
    ["lone surrogates", "a\ud800b", "a\\ud800b"],
  ])("writes %s as codes", (_, text, expected) => {
    expect(neutralise(text)).toBe(expected);
  });

  it("leaves what is shown as it is alone", () => {
    const text = "http://ü.example/?q=日本 😀 \\u001b 'x' \"y\" e\u0301";
    expect(neutralise(text)).toBe(text);
  });

  it("leaves nothing that acts, and neutral text stays as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const neutral = neutralise(text);
        expect(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(neutral)).toBe(false);
        expect(neutralise(neutral)).toBe(neutral);
      }),
    );
  });
});

describe("neutraliseJson", () => {
  it("leaves nothing that acts, and JSON reads the same from it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const neutral = neutraliseJson(JSON.stringify({ [text]: text }));
        expect(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(neutral)).toBe(false);
        expect(JSON.parse(neutral)).toEqual({ [text]: text });
      }),
    );
  });

  it("writes tag characters as two escapes, since JSON has no longer ones", () => {
    expect(neutraliseJson('"a\u{e0041}\u009b"')).toBe('"a\\udb40\\udc41\\u009b"');
  });
});
