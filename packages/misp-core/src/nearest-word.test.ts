import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearestWord } from "./nearest-word.ts";
import { runs } from "./testing/thorough.ts";

const words = ["ip-src", "ip-dst", "domain", "hostname"];

describe("nearestWord", () => {
  it.each([
    ["domian", "domain"],
    ["Domain", "domain"],
    ["ip-scr", "ip-src"],
    ["hostnam", "hostname"],
    ["src", undefined],
    ["x", undefined],
    ["", undefined],
    ["completely-different", undefined],
  ])("%s: %s", (word, nearest) => {
    expect(nearestWord(word, words)).toBe(nearest);
  });

  it.each<[string, string, boolean]>([
    // A third of the word may differ, rounded down.
    ["tag", "tags", true],
    ["ta", "tags", false],
    ["abcde", "abxde", true],
    ["abcde", "axxde", false],
    ["abcdef", "axxdef", true],
    ["abcdefghi", "axxxefghi", true],
    ["abcdefghijkl", "axxxefghijkl", true],
    // And three edits, however long the word is.
    ["abcdefghijkl", "axxxxfghijkl", false],
    // Neighbours that changed places are one edit.
    ["abc", "acb", true],
    ["abc", "cba", false],
    ["abxyz", "bcxyz", false],
    ["bcxyz", "abxyz", false],
    ["PORT", "port", true],
    ["port", "PORT", true],
  ])("%s for %s: %s", (word, meant, isNear) => {
    expect(nearestWord(word, [meant])).toBe(isNear ? meant : undefined);
  });

  it("takes the nearest, and the first of those that are equally near", () => {
    expect(nearestWord("hostnema", ["hostname", "hostnem"])).toBe("hostnem");
    expect(nearestWord("hostnema", ["hostxxma", "hostnem", "hostnea"])).toBe("hostnem");
  });

  it("looks at the first 64 characters of a word, which may be a whole page", () => {
    const long = "x".repeat(64);
    expect(nearestWord(`${long}${"y".repeat(100_000)}`, [long])).toBe(long);
  });

  it("property: finds a word again after one or two edits", () => {
    const letters = "abcdefghij".split("");
    const edit = fc.record({ kind: fc.constantFrom("insert", "drop", "replace", "swap"), at: fc.nat(9) });
    fc.assert(
      fc.property(fc.shuffledSubarray(letters, { minLength: 10 }), fc.array(edit, { maxLength: 2 }), (word, edits) => {
        const typed = edits.reduce<readonly string[]>((text, { kind, at }) => {
          if (kind === "insert") return text.toSpliced(at, 0, "z");
          if (kind === "drop") return text.toSpliced(at, 1);
          if (kind === "replace") return text.toSpliced(at, 1, "z");
          return text.toSpliced(at, 2, ...text.slice(at, at + 2).toReversed());
        }, word);
        expect(nearestWord(typed.join(""), ["unrelated", word.join("")])).toBe(word.join(""));
      }),
      { numRuns: runs(1000) },
    );
  });

  it("property: swaps alone count one each", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom(0, 2, 4, 6, 8), { maxLength: 5 }), (swaps) => {
        const typed = swaps.reduce<readonly string[]>(
          (text, at) => text.toSpliced(at, 2, text[at + 1] ?? "", text[at] ?? ""),
          "abcdefghij".split(""),
        );
        expect(nearestWord(typed.join(""), ["abcdefghij"]) !== undefined).toBe(swaps.length <= 3);
      }),
    );
  });
});
