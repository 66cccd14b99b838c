import { expect, it } from "vitest";
import { nearestWord } from "./nearest-word.ts";

const words = ["ip-src", "ip-dst", "domain", "hostname"];

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
