import { describe, expect, it } from "vitest";
import { asMapping, getIn, setIn } from "./tree.ts";

describe("getIn", () => {
  const tree = { a: { b: [1, { c: 2 }] }, nothing: null };
  it("finds what stands at a path, and nothing else", () => {
    expect(getIn(tree, ["a", "b", 1, "c"])).toBe(2);
    expect(getIn(tree, [])).toBe(tree);
    expect(getIn(tree, ["nothing"])).toBeNull();
    for (const path of [["x"], ["a", "x", "y"], ["nothing", "x"], ["a", "b", 7], ["constructor"], ["a", "__proto__"]])
      expect(getIn(tree, path)).toBeUndefined();
  });
});

describe("setIn", () => {
  it("makes what is missing on the way, and replaces what is no mapping", () => {
    const tree = { a: "text", list: [1] };
    setIn(tree, ["a", "b"], 1);
    setIn(tree, ["c", "d"], 2);
    setIn(tree, ["list", "e"], 3);
    expect(tree).toEqual({ a: { b: 1 }, c: { d: 2 }, list: { e: 3 } });
  });

  it("changes one place only where YAML's anchors put one mapping into two", () => {
    const shared = { inner: { host: "h" } };
    const tree = { one: shared, two: shared };
    setIn(tree, ["one", "inner", "port"], 1);
    expect(tree).toEqual({ one: { inner: { host: "h", port: 1 } }, two: { inner: { host: "h" } } });
  });

  it("reaches no prototype", () => {
    const tree = {};
    setIn(tree, ["constructor", "prototype", "polluted"], true);
    expect(({} as { polluted?: true }).polluted).toBeUndefined();
  });
});

it("asMapping takes nothing but mappings", () => {
  const mapping = { a: 1 };
  expect(asMapping(mapping)).toBe(mapping);
  for (const value of [null, undefined, 1, "a", [1]]) expect(asMapping(value)).toEqual({});
});
