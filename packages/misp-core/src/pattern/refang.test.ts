import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/thorough.ts";
import { refang } from "./refang.ts";

describe("refang", () => {
  it.each([
    ["url", "hxxps://a[.]b[dot]c(dot)d[:]80/", "https://a.b.c.d:80/"],
    ["url", "HXXP://a", "http://a"],
    ["url", "h[tt]p://a", "http://a"],
    ["url", "meow://a", "http://a"],
    ["url", "see [hxxp://]a", "see http://a"],
    ["url", "x hxxp://a", "x hxxp://a"],
    ["url", "a[@]b", "a[@]b"],
    ["email", "a[@]b[at]c[.]d", "a@b@c.d"],
    ["host", "a[.]b[:]c[@]d[DOT]e", "a.b[:]c[@]d[DOT]e"],
    ["host", "a[[.]]b", "a.b"],
  ] as const)("%s: %s is %s", (kind, value, plain) => {
    expect(refang(value, kind)).toBe(plain);
  });

  it("gives up on what nobody writes", () => {
    expect(refang("[[[[[.]]]]]", "host")).toBeUndefined();
  });

  it("changes nothing the second time", () => {
    const text = fc
      .array(fc.constantFrom("[", ".", "]", "dot", "(", ")", ":", "hxxp", "://", "@", "at"))
      .map((all) => all.join(""));
    fc.assert(
      fc.property(text, fc.constantFrom("url", "email", "host"), (value, kind) => {
        const once = refang(value, kind);
        if (once !== undefined) expect(refang(once, kind)).toBe(once);
      }),
      { numRuns: runs(2000) },
    );
  });
});
