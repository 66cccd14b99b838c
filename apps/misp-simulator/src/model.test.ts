import { expect, it } from "vitest";
import { createMispModel, type MispModel } from "./model.ts";
import { createCountingUuid } from "./random/source.ts";
import { SimulatorError } from "./simulator-error.ts";

interface Clock {
  seconds: number;
}

function newModel(): { readonly model: MispModel; readonly clock: Clock } {
  const clock = { seconds: 1_795_494_000 };
  const model = createMispModel({ now: () => clock.seconds, uuid: createCountingUuid() });
  model.addEvent({ info: "Phishing wave" });
  return { model, clock };
}

type Said = readonly { readonly topic: string; readonly body: string }[];

/** `topic action`, without the common prefix of the topics. */
function steps(said: Said): string[] {
  return said.map(
    ({ topic, body }) => `${topic.replace("misp_json", "") || "_publish"} ${JSON.parse(body).action ?? ""}`,
  );
}

function attributeIn(said: Said): Record<string, unknown> {
  return JSON.parse(said.find(({ topic }) => topic === "misp_json_attribute")?.body ?? "{}").Attribute;
}

it("adds without tags and lets the tag messages follow", () => {
  const { model } = newModel();
  const said = model.addAttribute({ eventId: 1, type: "domain", value: "evil.example", tags: [{ name: "tlp:amber" }] });
  expect(steps(said.notifications)).toEqual(["_tag add", "_attribute add", "_tag attached to attribute"]);
  expect(attributeIn(said.notifications)).not.toHaveProperty("Tag");
  expect(model.attributes()[0]?.tags.map(({ name }) => name)).toEqual(["tlp:amber"]);
});

it("sends one add each for a batch", () => {
  const { model } = newModel();
  const attributes = ["a.example", "b.example", "c.example"].map((value) => ({ type: "domain", value }));
  const { ids, notifications } = model.addAttributes({ eventId: 1, attributes });
  expect(ids).toEqual([1, 2, 3]);
  expect(steps(notifications)).toEqual(["_attribute add", "_attribute add", "_attribute add"]);
});

it("sends a global tag as a tag message and an edit with the new list, a local one as a tag message only", () => {
  const { model } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example" });
  model.addTag({ name: "tlp:amber" });
  model.addTag({ name: "work:mine", exportable: false });

  const global = model.attachTag({ id: 1, tag: "TLP:AMBER" }).notifications;
  expect(steps(global)).toEqual(["_tag attached to attribute", "_attribute edit"]);
  expect(attributeIn(global)["Tag"]).toMatchObject([{ id: "1", name: "tlp:amber", local: false }]);
  expect(steps(model.attachTag({ id: 1, tag: 2, local: true }).notifications)).toEqual(["_tag attached to attribute"]);
  expect(model.attachTag({ id: 1, tag: 2 }).notifications, "it hangs there already").toEqual([]);

  const [attribute] = model.attributes();
  expect(attribute?.tags.map(({ name, local, exportable }) => [name, local, exportable])).toEqual([
    ["tlp:amber", false, true],
    ["work:mine", true, false],
  ]);
  expect(steps(model.detachTag({ id: 1, tag: 1, tagMessageOnly: true }).notifications)).toEqual([
    "_tag detached from attribute",
  ]);
  expect(steps(model.detachTag({ id: 1, tag: 2 }).notifications)).toEqual(["_tag detached from attribute"]);
  expect(model.attributes()[0]?.tags).toEqual([]);
});

it("says nothing about attributes when their event is tagged, published, unpublished or deleted", () => {
  const { model } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example" });
  expect(steps(model.tagEvent({ id: 1, tag: "tlp:red" }).notifications)).toEqual([
    "_tag add",
    "_tag attached to event",
  ]);
  expect(model.attributes()[0]?.event.tags).toMatchObject([{ name: "tlp:red", local: false }]);
  expect(steps(model.publishEvent({ id: 1 }).notifications)).toEqual(["_publish "]);
  expect(steps(model.unpublishEvent({ id: 1 }).notifications)).toEqual(["_event edit"]);
  expect(steps(model.deleteEvent({ id: 1 }).notifications)).toEqual(["_event delete"]);
  expect(model.attributes()).toEqual([]);
});

it("publishes with a stale flag, and leaves out what is deleted or not exportable", () => {
  const { model } = newModel();
  model.addTag({ name: "work:mine", exportable: false });
  model.addAttributes({
    eventId: 1,
    attributes: [
      { type: "domain", value: "evil.example", tags: [{ name: "work:mine" }, { name: "tlp:red" }] },
      { type: "domain", value: "gone.example" },
    ],
  });
  model.softDelete({ id: 2 });
  model.addObject({ eventId: 1, name: "file", attributes: [{ type: "filename", value: "gone.exe" }] });
  model.softDeleteObject({ id: 1 });
  const published = (stale: boolean) =>
    JSON.parse(model.publishEvent({ id: 1, stale }).notifications[0]?.body ?? "{}").Event;
  const first = published(true);
  expect(first.published).toBe(false);
  expect(first.Object).toEqual([]);
  expect(first.Attribute).toMatchObject([{ value: "evil.example", Tag: [{ name: "tlp:red" }] }]);
  expect(first.Attribute[0].Tag).toHaveLength(1);
  expect(published(false).published).toBe(true);
});

it("keeps the event's old published flag in the message that unpublishes it", () => {
  const { model } = newModel();
  model.publishEvent({ id: 1 });
  const add = (value: string) => model.addAttribute({ eventId: 1, type: "domain", value }).notifications[0]?.body ?? "";
  expect(JSON.parse(add("a.example")).Event.published).toBe(true);
  expect(JSON.parse(add("b.example")).Event.published).toBe(false);
});

it("soft-deletes and restores within one second under one timestamp", () => {
  const { model, clock } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example" });
  clock.seconds += 60;
  const deleted = attributeIn(model.softDelete({ id: 1 }).notifications);
  const restored = model.restore({ id: 1 }).notifications;
  expect(deleted).toMatchObject({ deleted: true, value: "evil.example", timestamp: String(clock.seconds) });
  expect(attributeIn(restored)).toMatchObject({ deleted: false, timestamp: deleted["timestamp"] });
  expect(steps(restored)).toEqual(["_attribute edit", "_event edit"]);
});

it("overwrites what is soft-deleted when told to", () => {
  const { model } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example", comment: "secret" });
  expect(attributeIn(model.softDelete({ id: 1, sanitise: true }).notifications)).toMatchObject({
    ...{ type: "comment", value: "deleted", comment: "", to_ids: false, deleted: true },
  });
});

it("hard-deletes with the bare row as it was stored", () => {
  const { model, clock } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example", tags: [{ name: "tlp:red" }] });
  clock.seconds += 60;
  const said = model.hardDelete({ id: 1 }).notifications;
  expect(said).toHaveLength(1);
  expect(Object.keys(JSON.parse(said[0]?.body ?? "{}"))).toEqual(["Attribute", "action"]);
  expect(attributeIn(said)).toMatchObject({ deleted: false, timestamp: String(clock.seconds - 60) });
});

it("never reuses an id: what comes back has its uuid under a higher one", () => {
  const { model } = newModel();
  const uuid = "7e07654b-ec95-470c-beee-678f6f9916a8";
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example", uuid });
  model.hardDelete({ id: 1 });
  expect(model.addAttribute({ eventId: 1, type: "domain", value: "evil.example", uuid, timestamp: 1 }).id).toBe(2);
  expect(model.attributes()[0]).toMatchObject({ id: 2, uuid, timestamp: 1 });

  model.deleteEvent({ id: 1 });
  const [exported] = model.state.graveyard.events;
  const imported = model.importEvent(exported ?? { info: "" });
  expect(imported).toMatchObject({ id: 2, attributeIds: [3] });
  expect(model.attributes()[0]).toMatchObject({ id: 3, uuid });
});

it("imports what is deleted already with soft-delete as its first message", () => {
  const { model } = newModel();
  const said = model.importEvent({ info: "x", attributes: [{ type: "domain", value: "gone.example", deleted: true }] });
  expect(steps(said.notifications)).toEqual(["_event add", "_attribute soft-delete"]);
  expect(model.attributes()).toEqual([]);
});

it("deletes an object's attributes twice softly and once for good", () => {
  const { model } = newModel();
  const attributes = [
    { type: "domain", value: "evil.example" },
    { type: "ip-dst", value: "203.0.113.9" },
  ];
  model.addObject({ eventId: 1, name: "domain-ip", attributes });
  const soft = ["_attribute soft-delete", "_attribute soft-delete"];
  expect(steps(model.softDeleteObject({ id: 1 }).notifications)).toEqual([...soft, "_object soft-delete", ...soft]);
  expect(steps(model.hardDeleteObject({ id: 1 }).notifications)).toEqual([
    ...["_object delete", "_attribute delete", "_attribute delete"],
  ]);
});

it("edits by fast_update without a word about the attributes", () => {
  const { model } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example" });
  const said = model.fastUpdate({ eventId: 1, attributes: [{ id: 1, value: "worse.example" }] });
  expect(steps(said.notifications)).toEqual(["_event edit"]);
  expect(model.attributes()[0]?.value).toBe("worse.example");
});

it("detaches a deleted tag from what carried it, and renames it everywhere at once", () => {
  const { model } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example", tags: [{ name: "tlp:amber" }] });
  model.tagEvent({ id: 1, tag: "tlp:amber" });
  expect(steps(model.renameTag({ id: 1, name: "tlp:red" }).notifications)).toEqual(["_tag edit"]);
  expect(model.attributes()[0]?.tags[0]?.name).toBe("tlp:red");
  expect(steps(model.deleteTag({ id: 1 }).notifications)).toEqual([
    ...["_tag delete", "_tag detached from event", "_tag detached from attribute"],
  ]);
  expect(model.attributes()[0]).toMatchObject({ tags: [], event: { tags: [] } });
});

it("takes a future timestamp, refuses an older or equal one, and goes back with the next edit", () => {
  const { model, clock } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example" });
  const future = clock.seconds + 3600;
  model.editAttribute({ id: 1, timestamp: future });
  expect(() => model.editAttribute({ id: 1, timestamp: future, comment: "no" })).toThrow(SimulatorError);
  expect(attributeIn(model.editAttribute({ id: 1 }).notifications)).toMatchObject({
    ...{ timestamp: String(clock.seconds), comment: "" },
  });
});

it("sets the event's timestamp with each change, except for local tags and sightings", () => {
  const { model, clock } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example" });
  model.addTag({ name: "tlp:amber" });
  const touched = (act: () => unknown): boolean => {
    clock.seconds++;
    act();
    return model.state.events.get(1)?.timestamp === clock.seconds;
  };
  expect(touched(() => model.attachTag({ id: 1, tag: 1, local: true }))).toBe(false);
  expect(touched(() => model.detachTag({ id: 1, tag: 1 }))).toBe(false);
  expect(touched(() => model.tagEvent({ id: 1, tag: "work:mine", local: true }))).toBe(false);
  expect(touched(() => model.untagEvent({ id: 1, tag: "work:mine" }))).toBe(false);
  expect(touched(() => model.addSighting({ attributeId: 1 }))).toBe(false);
  expect(touched(() => model.attachTag({ id: 1, tag: 1, tagMessageOnly: true }))).toBe(true);
  expect(touched(() => model.tagEvent({ id: 1, tag: 1 }))).toBe(true);
  expect(touched(() => model.editAttribute({ id: 1 }))).toBe(true);
  expect(touched(() => model.hardDelete({ id: 1 }))).toBe(true);
});

it("gives two changes of one event within a second the same version", () => {
  const { model, clock } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example" });
  const version = () => {
    const { timestamp, published } = model.state.events.get(1) ?? {};
    return { timestamp, published };
  };
  clock.seconds++;
  model.editAttribute({ id: 1, value: "worse.example" });
  const first = version();
  model.editAttribute({ id: 1, value: "worst.example" });
  expect(version()).toEqual(first);
  model.publishEvent({ id: 1 });
  expect(version()).not.toEqual(first);
});

it("merges tags without a word and without another version", () => {
  const { model, clock } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example" });
  model.addTag({ name: "tlp:amber" });
  model.addTag({ name: "tlp:red" });
  model.attachTag({ id: 1, tag: 1, local: true });
  model.tagEvent({ id: 1, tag: 1 });
  model.tagEvent({ id: 1, tag: 2 });
  clock.seconds++;
  const before = model.state.events.get(1)?.timestamp;
  expect(model.mergeTags({ id: 2, from: 1 }).notifications).toEqual([]);
  expect(model.attributes()).toMatchObject([{ tags: [{ id: 2, local: true }], event: { tags: [{ id: 2 }] } }]);
  expect(model.attributes()[0]?.event.tags).toHaveLength(1);
  expect(model.state.tags.get(1)).toBeUndefined();
  expect(model.state.events.get(1)?.timestamp).toBe(before);
});

it.each([
  ["not-found", (model: MispModel) => model.editAttribute({ id: 99 })],
  ["not-found", (model: MispModel) => model.addAttribute({ eventId: 99, type: "domain", value: "a.example" })],
  ["not-found", (model: MispModel) => model.attachTag({ id: 1, tag: 99 })],
  ["not-found", (model: MispModel) => model.importEvent({ info: "x", orgcId: 99 })],
  ["refused", (model: MispModel) => model.addTag({ name: "TLP:amber" })],
  ["refused", (model: MispModel) => model.mergeTags({ id: 1, from: 1 })],
  ["refused", (model: MispModel) => model.addEvent({ info: "x", uuid: model.state.events.get(1)?.uuid ?? "" })],
  ["invalid-command", (model: MispModel) => model.perform({ action: "nonsense" } as never)],
])("answers %s and changes nothing", (code, act) => {
  const { model } = newModel();
  model.addAttribute({ eventId: 1, type: "domain", value: "evil.example", tags: [{ name: "tlp:amber" }] });
  const before = JSON.stringify(model.attributes());
  expect(() => act(model)).toThrow(expect.objectContaining({ code }));
  expect(JSON.stringify(model.attributes())).toBe(before);
  expect(model.addAttribute({ eventId: 1, type: "domain", value: "next.example" }).id).toBe(2);
});
