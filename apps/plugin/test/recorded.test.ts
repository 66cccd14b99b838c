import { createFilter, type StixObject } from "@tb/misp-core";
import { storeChanges } from "@tb/misp-core/testing";
import { describe, expect, it } from "vitest";
import { createCounters } from "../src/counters.ts";
import { uuid } from "./attribute-message.ts";
import { createConsumers } from "./consumers.ts";
import { createPipelineInMemory, readMessage } from "./pipeline-in-memory.ts";
import { recordedMessages } from "./recorded-messages.ts";

/** One message, one transaction, one publication. */
function createRun(items: Parameters<typeof createFilter>[0] = []) {
  const consumers = createConsumers();
  const counters = createCounters();
  const rules = { filter: createFilter(items), reorders: false };
  const { store, take } = createPipelineInMemory(rules, { counters, publish: consumers.receive });
  let at = 1_800_000_000_000;
  return { store, consumers, counters, receive: (message: string | object) => take(readMessage(message, ++at)) };
}
const short = (objects: readonly StixObject[]) =>
  objects.map((o) => `${o["x_threatbus_update"] ?? "plain"} ${o["name"]}`);

describe("the recorded messages, in order", () => {
  it("end in the state that MISP was in", async () => {
    const run = createRun();
    for (const { body } of recordedMessages) await run.receive(body);

    // Replayed a second time, as plainly as can be: the last word of each attribute counts, and of each event.
    const last = new Map<string, { Attribute: Record<string, unknown>; action: string }>();
    const deletedEvents = new Set<string>();
    for (const { topic, body } of recordedMessages) {
      const message = JSON.parse(body);
      if (topic === "misp_json_attribute") last.set(message.Attribute.id, message);
      if (topic === "misp_json_event" && message.action === "delete") deletedEvents.add(message.Event.id);
    }
    const wanted = [...last.values()].filter(
      ({ Attribute: a, action }) =>
        action !== "delete" &&
        action !== "soft-delete" &&
        !a["deleted"] &&
        a["to_ids"] === true &&
        !deletedEvents.has(String(a["event_id"])),
    );
    const held = new Set(run.consumers.byId.keys());
    const mapped = wanted.filter(({ Attribute: a }) => held.has(`indicator--${a["uuid"]}`));
    expect(mapped.length).toBe(held.size);
    const missing = wanted.filter((message) => !mapped.includes(message)).map(({ Attribute: a }) => a["type"]);
    // What no pattern can express: a type without a mapping, and a recorded STIX pattern that no object could ever match.
    expect(missing.sort()).toEqual(["ja3-fingerprint-md5", "stix2-pattern"]);
    expect(held.size).toBeGreaterThan(90);
    for (const { Attribute: a } of mapped) {
      expect(run.consumers.byId.get(`indicator--${a["uuid"]}`)).toMatchObject({ name: a["value"] });
    }
  });
});

const orgc = { id: "1", uuid: "3b53361a-72a6-470d-8035-ffc51285a83d", name: "ORGNAME" };
const event = (id = 1) => ({
  id: String(id),
  uuid: uuid(1000 + id),
  info: "i",
  orgc_id: "1",
  published: false,
  Orgc: orgc,
});
const attribute = (id: number, value: string, part: object = {}) => ({
  id: String(id),
  event_id: "1",
  uuid: uuid(id),
  type: "domain",
  value,
  to_ids: true,
  deleted: false,
  timestamp: "1795494395",
  comment: "",
  ...part,
});
const message = (action: string, a: object, e: object | undefined = event()) => ({
  Attribute: a,
  ...(e ? { Event: e } : {}),
  action,
});
const tag = (id: number, name: string, part: object = {}) => ({ id: String(id), name, exportable: true, ...part });

describe("what an analyst does, and what goes over the bus", () => {
  it("add, edit with nothing changed, edit of the comment, of the value", async () => {
    const run = createRun();
    expect(short(await run.receive(message("add", attribute(1, "a.example"))))).toEqual(["plain a.example"]);
    expect(await run.receive(message("edit", attribute(1, "a.example")))).toEqual([]);
    expect(short(await run.receive(message("edit", attribute(1, "a.example", { comment: "c" }))))).toEqual([
      "EDIT a.example",
    ]);
    expect(short(await run.receive(message("edit", attribute(1, "b.example"))))).toEqual([
      "REMOVE a.example",
      "plain b.example",
    ]);
  });

  it("soft delete, restore in the same second, sanitised soft delete, hard delete", async () => {
    const run = createRun();
    await run.receive(message("add", attribute(1, "a.example")));
    expect(short(await run.receive(message("soft-delete", attribute(1, "a.example", { deleted: true }))))).toEqual([
      "REMOVE a.example",
    ]);
    expect(short(await run.receive(message("edit", attribute(1, "a.example"))))).toEqual(["plain a.example"]);
    const sanitised = attribute(1, "deleted", { type: "comment", to_ids: false, deleted: true });
    const [removal] = await run.receive(message("soft-delete", sanitised));
    expect(removal).toMatchObject({
      x_threatbus_update: "REMOVE",
      name: "a.example",
      pattern: "[domain-name:value = 'a.example']",
    });
    await run.receive(message("edit", attribute(1, "a.example")));
    expect(short(await run.receive(message("delete", attribute(1, "a.example"), undefined)))).toEqual([
      "REMOVE a.example",
    ]);
    expect(await run.receive(message("edit", attribute(1, "a.example")))).toEqual([]);
  });

  it("the IDS flag goes off and on", async () => {
    const run = createRun();
    await run.receive(message("add", attribute(1, "a.example")));
    expect(short(await run.receive(message("edit", attribute(1, "a.example", { to_ids: false }))))).toEqual([
      "REMOVE a.example",
    ]);
    expect(short(await run.receive(message("edit", attribute(1, "a.example"))))).toEqual(["plain a.example"]);
  });

  it("a tag that the filter wants comes by a tag message, after the add or before it, and goes", async () => {
    const run = createRun([{ tags: ["tlp:amber"] }]);
    const attached = (id: number) => ({
      Tag: tag(5, "tlp:amber", { attribute_id: String(id), event_id: "1" }),
      action: "attached to attribute",
    });
    expect(await run.receive(message("add", attribute(1, "a.example")))).toEqual([]);
    expect(short(await run.receive(attached(1)))).toEqual(["plain a.example"]);
    expect(short(await run.receive({ ...attached(1), action: "detached from attribute" }))).toEqual([
      "REMOVE a.example",
    ]);
    expect(await run.receive(attached(2))).toEqual([]);
    expect(short(await run.receive(message("add", attribute(2, "b.example"))))).toEqual(["plain b.example"]);
  });

  it("a local tag marks and matches at once, and becomes no label", async () => {
    const run = createRun([{ tags: ["tlp:red"] }]);
    await run.receive(message("add", attribute(1, "a.example")));
    const [announced] = await run.receive({
      Tag: tag(5, "tlp:red", { attribute_id: "1", event_id: "1" }),
      action: "attached to attribute",
    });
    expect(announced).toMatchObject({
      object_marking_refs: ["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"],
    });
    expect(announced).not.toHaveProperty("labels");
    const full = attribute(1, "a.example", {
      Tag: [
        tag(5, "tlp:red", { local: true }),
        tag(6, "shared", { local: false }),
        tag(7, "x", { local: false, exportable: false }),
      ],
    });
    expect(await run.receive(message("edit", full))).toMatchObject([{ labels: ["shared"] }]);
  });

  it("an event tag counts for all its attributes; the event's message brings the complete list", async () => {
    const run = createRun([{ tags: ["tlp:amber"] }]);
    await run.receive(message("add", attribute(1, "a.example")));
    await run.receive(message("add", attribute(2, "b.example")));
    const tagged = { Tag: tag(5, "tlp:amber", { event_id: "1", local: false }), action: "attached to event" };
    expect(short(await run.receive(tagged))).toEqual(["plain a.example", "plain b.example"]);
    const removed = await run.receive({ Event: event(), Orgc: orgc, EventTag: [], action: "edit" });
    expect(short(removed)).toEqual(["REMOVE a.example", "REMOVE b.example"]);
  });

  it("renaming and deleting a tag reaches all that carry it", async () => {
    const run = createRun([{ tags: ["tlp:amber"] }]);
    await run.receive(message("add", attribute(1, "a.example")));
    await run.receive({
      Tag: tag(5, "tlp:green", { attribute_id: "1", event_id: "1" }),
      action: "attached to attribute",
    });
    expect(short(await run.receive({ Tag: tag(5, "tlp:amber"), action: "edit" }))).toEqual(["plain a.example"]);
    expect(short(await run.receive({ Tag: tag(5, "tlp:amber"), action: "delete" }))).toEqual(["REMOVE a.example"]);
  });

  it("deleting an event withdraws all of it, and stragglers with its id come too late", async () => {
    const run = createRun();
    await run.receive(message("add", attribute(1, "a.example")));
    await run.receive(message("add", attribute(2, "b.example")));
    expect(short(await run.receive({ Event: event(), action: "delete" }))).toEqual([
      "REMOVE a.example",
      "REMOVE b.example",
    ]);
    expect(await run.receive(message("add", attribute(3, "c.example")))).toEqual([]);
    expect(await run.receive(message("edit", attribute(1, "a.example")))).toEqual([]);
    expect(run.counters.snapshot().dropped.reasons).toEqual([["late_event", 2]]);
  });

  it("an event's deletion that overtook its attributes' adds", async () => {
    const run = createRun();
    await run.receive({ Event: event(), action: "delete" });
    expect(await run.receive(message("add", attribute(1, "a.example")))).toEqual([]);
  });

  it("publishing says nothing new about attributes, even when its snapshot is older than a delete", async () => {
    const run = createRun();
    await run.receive(message("add", attribute(1, "a.example")));
    await run.receive(message("delete", attribute(1, "a.example"), undefined));
    expect(await run.receive({ Event: { ...event(), Attribute: [attribute(1, "a.example")] } })).toEqual([]);
    expect(run.store.event(1)).toMatchObject({ published: true });
  });

  it("a value that two attributes hold stays until both are gone", async () => {
    const run = createRun();
    await run.receive(message("add", attribute(1, "a.example")));
    const [second] = await run.receive(message("add", attribute(2, "a.example")));
    const removal = await run.receive(message("delete", attribute(1, "a.example"), undefined));
    expect(short(removal)).toEqual(["REMOVE a.example", "plain a.example"]);
    expect(JSON.stringify(removal[1])).toBe(JSON.stringify(second));
    expect(short(await run.receive(message("delete", attribute(2, "a.example"), undefined)))).toEqual([
      "REMOVE a.example",
    ]);
  });

  it("of several that still hold the value one is sent again: the one with the lowest id", async () => {
    const run = createRun();
    for (const id of [4, 3, 2]) await run.receive(message("add", attribute(id, "a.example")));
    const [, survivor, ...more] = await run.receive(message("delete", attribute(4, "a.example"), undefined));
    expect(survivor?.id).toBe(`indicator--${uuid(2)}`);
    expect(more).toEqual([]);
  });

  it("values swapped between two attributes stay both", async () => {
    const run = createRun();
    await run.receive(message("add", attribute(1, "a.example")));
    await run.receive(message("add", attribute(2, "b.example")));
    await run.receive(message("edit", attribute(1, "b.example")));
    await run.receive(message("edit", attribute(2, "a.example")));
    expect(run.consumers.byPattern.size).toBe(2);
  });

  it("a re-import under a higher id takes over; a late removal of the lower id does not touch it", async () => {
    const run = createRun();
    const [first] = await run.receive(message("add", attribute(1, "a.example")));
    await run.receive(message("delete", attribute(1, "a.example"), undefined));
    const [again] = await run.receive(
      message("add", attribute(9, "a.example", { uuid: uuid(1), timestamp: "1700000000" })),
    );
    expect(again).toMatchObject({ id: first?.id, created: first?.["created"] });
    expect(String(again?.["modified"]) > String(first?.["modified"])).toBe(true);
    expect(await run.receive(message("delete", attribute(1, "a.example"), undefined))).toEqual([]);
    expect(run.consumers.byId.size).toBe(1);
  });

  it("a removal of an attribute that the index does not know is announced all the same, if filter and mapping admit it", async () => {
    const run = createRun([{ types: ["domain"] }]);
    const [removal] = await run.receive(message("soft-delete", attribute(1, "a.example", { deleted: true })));
    expect(removal).toMatchObject({
      x_threatbus_update: "REMOVE",
      created: "2026-11-24T04:26:35.000Z",
      modified: "2026-11-24T04:26:35.001Z",
      valid_until: "2026-11-24T04:26:35.001Z",
    });
    expect(short(await run.receive(message("delete", attribute(2, "b.example"), undefined)))).toEqual([
      "REMOVE b.example",
    ]);
    expect(await run.receive(message("delete", attribute(3, "198.51.100.7", { type: "ip-dst" }), undefined))).toEqual(
      [],
    );
    expect(await run.receive(message("delete", attribute(4, "x", { type: "comment" }), undefined))).toEqual([]);
  });

  it("once the index is complete, such a removal is counted and dropped", async () => {
    const run = createRun();
    await run.store.commit(storeChanges({ meta: { complete: true } }));
    expect(await run.receive(message("delete", attribute(1, "a.example"), undefined))).toEqual([]);
    expect(run.counters.snapshot().dropped.reasons).toEqual([["unknown_removal", 1]]);
  });

  it("withheld attributes are counted by reason", async () => {
    const run = createRun([{ types: ["domain"] }]);
    await run.receive(message("add", attribute(1, "x", { type: "comment" })));
    await run.receive(message("add", attribute(2, "198.51.100.7", { type: "ip-dst" })));
    await run.receive(message("add", attribute(3, "a.example", { to_ids: false })));
    await run.receive(message("add", attribute(4, "not a domain")));
    expect(Object.fromEntries(run.counters.snapshot().withheld.reasons)).toEqual({
      unmapped_type: 1,
      filter: 1,
      not_to_ids: 1,
      unusable_value: 1,
    });
  });
});
