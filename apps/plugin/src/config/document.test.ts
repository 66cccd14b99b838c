import { describe, expect, it } from "vitest";
import { parseConfig } from "./document.ts";

function problems(source: string) {
  const parsed = parseConfig(source, "config.yaml");
  if (parsed.ok) throw new Error("parsed");
  return parsed.problems.map(({ where, message }) => `${where} ${message}`);
}
function document(source: string) {
  const parsed = parseConfig(source, "config.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.document;
}

describe("parseConfig", () => {
  it.each([
    ["a tab", "plugins:\n\tapps: x", "config.yaml:2 not YAML: Tabs are not allowed as indentation"],
    ["a second document", "a: 1\n---\nb: 2", "config.yaml:2 not YAML: --- begins a second document"],
    ["an alias without an anchor", "a: 1\nb: *x", "config.yaml:2 not YAML: an alias (*) without its anchor"],
    ["a list", "- a", "config.yaml:1 expected a mapping"],
    ["a text", "a", "config.yaml:1 expected a mapping"],
  ])("refuses %s", (_, source, expected) => {
    expect(problems(source)[0]).toContain(expected);
  });

  it("refuses aliases that would fill the memory", () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(",")}]`);
    expect(problems(["l0: &l0 [x]", ...levels].join("\n"))).toEqual([
      "config.yaml:1 not YAML: its aliases (*) multiply beyond measure",
    ]);
  });

  it("reports every error", () => {
    expect(problems('a: "x"y\nb: *z').length).toBeGreaterThan(1);
  });

  it("takes a file with a byte order mark and Windows' line ends", () => {
    const { raw, lineOf } = document("\ufeffa:\r\n  b: 1\r\n");
    expect(raw).toEqual({ a: { b: 1 } });
    expect(lineOf(["a", "b"])).toBe(2);
  });

  it("an empty file is an empty mapping", () => {
    expect(document("# nothing\n").raw).toEqual({});
  });

  it("merges as Threat Bus' own parser does", () => {
    expect(document("a: &a { x: 1, y: 1 }\nb: { <<: *a, y: 2 }").raw["b"]).toEqual({ x: 1, y: 2 });
  });
});

describe("a place", () => {
  const { lineOf, writtenAt } = document("a:\n  b: 007\n  c:\n    - x\n    - y\n  d: text\n");

  it("has its line, or that of the nearest thing around it", () => {
    expect([lineOf(["a", "b"]), lineOf(["a", "c", 1]), lineOf(["a", "d"])]).toEqual([2, 5, 6]);
    expect([lineOf(["a", "c", 7]), lineOf(["a", "missing"]), lineOf(["missing"]), lineOf([])]).toEqual([3, 1, 1, 1]);
  });

  it("has the spelling of what YAML takes for a number", () => {
    expect(writtenAt(["a", "b"])).toBe("007");
    expect([writtenAt(["a", "d"]), writtenAt(["a"]), writtenAt(["missing"])]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
