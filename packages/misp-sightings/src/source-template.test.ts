import type { Sighting } from "@tb/misp-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileSourceTemplate, defaultSource, sourceWithCount } from "./source-template.ts";

const sighting = (hints: Sighting["hints"] = {}): Sighting => ({
  uuid: "7b006f11-8c6e-45a6-b80a-2e652a75d0f3",
  target: { value: "x" },
  type: 0,
  observedAtMs: 1000,
  count: 1,
  hints,
});

function write(text: string, hints: Sighting["hints"] = {}): string {
  const compiled = compileSourceTemplate(text);
  if (!compiled.ok) throw new Error(compiled.detail);
  return compiled.template(sighting(hints));
}

describe("the source", () => {
  it("is threatbus unless something else is wanted", () => {
    expect(defaultSource(sighting({ source: "VAST" }))).toBe("threatbus");
  });

  it("fills in what the sighting says, and leaves out the rest", () => {
    const hints = { source: "VAST", matchType: "RETRO", description: "two\nlines" };
    expect(write("threatbus {source} ({match_type}): {description}", hints)).toBe("threatbus VAST (RETRO): two lines");
    expect(write("threatbus {source}")).toBe("threatbus");
    expect(write("{source}")).toBe("threatbus");
  });

  it("takes what a sighting says literally", () => {
    expect(write("{source}", { source: "{match_type} $& $1", matchType: "LIVE" })).toBe("{match_type} $& $1");
  });

  it("is as MISP keeps it, whatever a sighting says: 255 characters, one line, trimmed, nothing of 4 bytes", () => {
    const anything = fc.string({ unit: "binary", maxLength: 600 });
    fc.assert(
      fc.property(anything, anything, (source, template) => {
        const compiled = compileSourceTemplate(`${template.replaceAll(/[{}]/g, "")}{source}`);
        if (!compiled.ok) throw new Error(compiled.detail);
        const text = compiled.template(sighting({ source }));
        for (const written of [text, sourceWithCount(text, 12_345)]) {
          expect(written.length).toBeLessThanOrEqual(255);
          expect(written).toBe(written.trim());
          expect(written).not.toBe("");
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
          expect(written).not.toMatch(/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/);
          expect([...new TextEncoder().encode(written)].some((byte) => byte >= 0xf0)).toBe(false);
        }
      }),
    );
  });

  it("uses all of the 255 characters", () => {
    expect(write("{source}", { source: "ü".repeat(300) })).toBe("ü".repeat(255));
    expect(write("{source}", { source: "😀" })).toBe("\ufffd");
  });
});

it.each([
  ["{sorce}", "the template has the unknown placeholder {sorce}; did you mean {source}?"],
  [
    "a {nonsense} b",
    "the template has the unknown placeholder {nonsense}; there are {source}, {match_type}, {description}",
  ],
  ["{}", "the template has the unknown placeholder {}; there are {source}, {match_type}, {description}"],
])("refuses the template %j", (template, detail) => {
  expect(compileSourceTemplate(template)).toEqual({ ok: false, detail });
});

describe("the source of a row that stands for several", () => {
  it("says for how many", () => {
    expect(sourceWithCount("threatbus", 1)).toBe("threatbus");
    expect(sourceWithCount("threatbus", 12)).toBe("threatbus (12 sightings)");
  });

  it("is cut so that the number stays", () => {
    const cut = sourceWithCount("x".repeat(255), 12);
    expect(cut).toHaveLength(255);
    expect(cut).toMatch(/x \(12 sightings\)$/);
  });
});
