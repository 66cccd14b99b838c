import { describe, expect, it } from "vitest";
import { confidence, labels, tlpMarking } from "./announcement-fields.ts";

const shared = (name: string) => ({ name, local: false, exportable: true });

describe("tlpMarking", () => {
  it.each([
    ["tlp:white", "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"],
    ["tlp:green", "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"],
    ["tlp:amber", "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"],
    ["tlp:red", "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"],
    ["tlp:clear", "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"],
    ["tlp:amber+strict", "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"],
    ["TLP:Amber", "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"],
  ])("%s", (name, marking) => {
    expect(tlpMarking([{ name }])).toBe(marking);
  });

  it("takes the strictest of several, in whatever order", () => {
    const order = ["tlp:clear", "tlp:green", "tlp:amber", "tlp:amber+strict", "tlp:red"];
    for (let i = 1; i < order.length; i++) {
      const pair = [{ name: order[i - 1] as string }, { name: order[i] as string }];
      const strictest = tlpMarking([pair[1] as { name: string }]);
      expect(tlpMarking(pair)).toBe(strictest);
      expect(tlpMarking(pair.reverse())).toBe(strictest);
    }
  });

  it("other tags are no markings", () => {
    expect(tlpMarking([{ name: "tlp:ex:chr" }, { name: "PAP:RED" }])).toBeUndefined();
  });
});

describe("confidence", () => {
  it("is the lowest that a tag states", () => {
    const level = (word: string) => ({ name: `misp:confidence-level="${word}"` });
    expect(confidence([level("completely-confident")])).toBe(100);
    expect(confidence([level("usually-confident"), level("rarely-confident"), { name: "x" }])).toBe(25);
    expect(confidence([level("fairly-confident"), level("unconfident")])).toBe(0);
    expect(confidence([{ name: "x" }])).toBeUndefined();
  });
});

describe("labels", () => {
  it("are own then event tags, each once, without TLP", () => {
    expect(
      labels([shared("b"), shared("tlp:red"), shared("a")], [shared("a"), shared("c"), shared("TLP:GREEN")]),
    ).toEqual(["b", "a", "c"]);
  });

  it("leave out what is local or not exportable, and what is not known to be neither", () => {
    const unknown = [{ name: "u" }, { name: "v", exportable: true }, { name: "w", local: false }];
    const secret = [
      { name: "x", local: true, exportable: true },
      { name: "y", local: false, exportable: false },
    ];
    expect(labels([...unknown, ...secret], [...unknown, ...secret])).toEqual([]);
  });
});
