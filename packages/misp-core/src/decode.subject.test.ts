import { describe, expect, it } from "vitest";
import { decode } from "./decode.ts";

const decodeJson = (value: unknown) =>
  decode({ topic: "t", body: new TextEncoder().encode(JSON.stringify(value)), observedAtMs: 1 });
const nothing = { ok: true, changes: [] };
const event = { id: "2", info: "x", orgc_id: "1" };
const attribute = {
  id: "7",
  event_id: "2",
  uuid: "5f7b2284-bdd8-4ef4-b457-032ac0a82f02",
  type: "domain",
  value: "a.example",
  timestamp: "1601906335",
};

describe("what a message is about is told by its main record, whatever stands beside it", () => {
  it.each(["ShadowAttribute", "Sighting", "ObjectReference", "Object"])(
    "a message about one %s that names its event says nothing about that event, least of all that it is deleted",
    (key) => {
      for (const action of ["add", "edit", "delete", "publish", undefined]) {
        expect(decodeJson({ [key]: { id: "1" }, Event: event, action })).toEqual(nothing);
      }
    },
  );

  it.each(["ShadowAttribute", "Sighting"])("a deleted %s does not delete the attribute that it names", (key) => {
    expect(decodeJson({ [key]: { id: "1" }, Attribute: attribute, action: "delete" })).toEqual(nothing);
  });

  it("an attribute message has its object beside it", () => {
    expect(decodeJson({ Attribute: attribute, Object: { id: "3" }, Event: event, action: "edit" })).toMatchObject({
      changes: [{ kind: "attribute", attributeId: 7 }],
    });
  });

  it("a publish record has lists of the others beside the event, which PHP writes as objects when a number is missing", () => {
    for (const list of [[{ id: "1" }], [], { "1": { id: "1" } }]) {
      const record = { Event: event, Object: list, ShadowAttribute: list, Sighting: list, action: "publish" };
      expect(decodeJson(record)).toMatchObject({ changes: [{ kind: "event", event: { published: true } }] });
    }
  });

  it.each([
    ["a sighting of which only the value is said", { Sighting: { value: "x" }, action: "add" }],
    ["a proposal without an id", { ShadowAttribute: { type: "domain" }, action: "add" }],
    ["a reference between objects, without an id", { ObjectReference: {}, action: "add" }],
    ["a discussion", { Post: { contents: "x" } }],
    ["the thread that a discussion opens", { Thread: { event_id: "2" } }],
    ["a galaxy cluster", { GalaxyCluster: { id: "1" }, action: "add" }],
    ["a tag in a collection", { Tag: { id: "1", name: "x" }, action: "attached to tag collection" }],
    ["a tag out of a collection", { Tag: { id: "1", name: "x" }, action: "detached from tag collection" }],
  ])("%s is understood and not needed", (_, message) => {
    expect(decodeJson(message)).toEqual(nothing);
  });
});
