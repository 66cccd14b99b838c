import { exampleKeys } from "@tb/misp-simulator";
import { afterEach, describe, expect, it } from "vitest";
import { createRestWorld, type RestWorld } from "./rest-world.ts";
import { compileItems } from "./world.ts";

let world: RestWorld;
afterEach(() => world[Symbol.asyncDispose]());

const open = async (options: { readonly items?: Parameters<typeof compileItems>[0] } = {}) => {
  world = await createRestWorld(compileItems(options.items));
};
const addEvent = () => {
  const event = world.model.addEvent({ info: "event" });
  const attribute = world.model.addAttribute({ eventId: event.id, type: "domain", value: `d${event.id}.example` });
  return { eventId: event.id, id: attribute.id, told: [...event.notifications, ...attribute.notifications] };
};
const held = () => [...world.consumers.byPattern].map((pattern) => /'(.*)'/.exec(pattern)?.[1]).sort();

describe("what a reconcile leaves open is decided by a later one, though nothing changes meanwhile", () => {
  it("an attribute that was too young to be missed, of an event that has lost another", async () => {
    await open();
    const { eventId, id, told } = addEvent();
    await world.hear(told);
    world.pass(20);
    const young = world.model.addAttribute({ eventId, type: "domain", value: "young.example" });
    await world.hear(young.notifications);
    for (const gone of [id, young.id]) world.model.hardDelete({ id: gone });
    world.pass(5);
    expect(await world.reconcile()).toMatchObject({ absent: 1 });
    expect(held()).toEqual(["young.example"]);
    world.pass(60);
    expect(await world.reconcile()).toMatchObject({ absent: 1 });
    expect(held()).toEqual([]);
    expect(await world.reconcile()).toMatchObject({ events: 0 });
  });

  it("an attribute whose message has a later time than the list, since MISP's clock is ahead or ours was set back", async () => {
    await open();
    const { id } = addEvent();
    await world.reconcile();
    world.pass(60);
    await world.hear(world.model.editAttribute({ id, comment: "ahead" }).notifications);
    world.pass(-60);
    world.model.hardDelete({ id });
    world.pass(10);
    await world.reconcile();
    world.pass(120);
    await world.reconcile();
    expect(held()).toEqual([]);
  });

  it("a row that loses against a message with a later time", async () => {
    await open();
    const { id } = addEvent();
    await world.reconcile();
    world.pass(60);
    await world.hear(world.model.editAttribute({ id, toIds: false }).notifications);
    world.pass(-60);
    world.model.editAttribute({ id, toIds: true });
    world.pass(10);
    await world.reconcile();
    world.pass(120);
    await world.reconcile();
    expect(held()).toEqual(["d1.example"]);
  });

  it("what is gone from an event that something live is said of during every reconcile", async () => {
    await open();
    const { eventId, id } = addEvent();
    const busy = world.model.addAttribute({ eventId, type: "domain", value: "busy.example" });
    world.pass(10);
    await world.reconcile();
    world.model.hardDelete({ id });
    world.pass(10);
    world.beforeRequest = async ({ path }) => {
      if (path.startsWith("/attributes"))
        await world.hear(world.model.editAttribute({ id: busy.id, comment: path }).notifications);
    };
    expect(await world.reconcile()).toMatchObject({ absent: 1 });
    expect(held()).toEqual(["busy.example"]);
    // The version does not hold all the same.
    expect(await world.reconcile()).toMatchObject({ events: 1, absent: 0 });
  });

  it("an attribute's or event's tag that was attached at a later time", async () => {
    await open({ items: [{ tags: ["go"] }] });
    const [first, second] = [addEvent(), addEvent()];
    await world.reconcile();
    world.pass(60);
    await world.hear(world.model.attachTag({ id: first.id, tag: "go" }).notifications);
    await world.hear(world.model.tagEvent({ id: second.eventId, tag: "go" }).notifications);
    expect(held()).toEqual(["d1.example", "d2.example"]);
    world.pass(-60);
    world.model.detachTag({ id: first.id, tag: "go" });
    world.model.untagEvent({ id: second.eventId, tag: "go" });
    world.pass(10);
    await world.reconcile();
    world.pass(120);
    await world.reconcile();
    expect(held()).toEqual([]);
  });
});

it("a local tag of an event whose message has an earlier time than the row, since MISP's clock is behind", async () => {
  await open({ items: [{ tags: ["go"] }] });
  const { eventId } = addEvent();
  world.pass(10);
  await world.reconcile();
  world.pass(-60);
  await world.hear(world.model.tagEvent({ id: eventId, tag: "go", local: true }).notifications);
  expect(held()).toEqual([]);
  world.pass(120);
  await world.reconcile();
  expect(held()).toEqual(["d1.example"]);
});

describe("what nobody tells of tags", () => {
  const openTagged = async () => {
    await open({ items: [{ tags: ["go"] }] });
    const { id, eventId } = addEvent();
    world.model.attachTag({ id, tag: "go" });
    addEvent();
    world.pass(10);
    await world.reconcile();
    expect(held()).toEqual(["d1.example"]);
    const tag = [...world.model.state.tags].find(({ name }) => name === "go");
    const other = world.model.addTag({ name: "stop" });
    world.model.mergeTags({ id: other.id, from: tag?.id ?? 0 });
    world.pass(10);
    return eventId;
  };

  it("is found also when MISP fails right after its list of tags", async () => {
    await openTagged();
    world.misp.fail({ kind: "internal-error" }, { path: "/events", times: 1 });
    await expect(world.reconcile()).rejects.toMatchObject({ code: "server-error" });
    await world.reconcile();
    expect(held()).toEqual([]);
  });

  it("is found also after another event alone was asked for", async () => {
    const eventId = await openTagged();
    await world.reconcile({ scope: { eventId: eventId + 1 } });
    await world.reconcile();
    expect(held()).toEqual([]);
  });
});

describe("events that are not in the list, and yet there", () => {
  const openProtected = async (count: number) => {
    await open();
    const events = Array.from({ length: count }, addEvent);
    const others = Array.from({ length: 30 }, addEvent);
    world.pass(10);
    await world.reconcile();
    // A narrowed key for the list alone: that is what protected events look like.
    world.beforeRequest = ({ path }) =>
      world.misp.narrow(
        exampleKeys.own.key,
        path.startsWith("/events") ? { withoutEvents: events.map(({ eventId }) => eventId) } : undefined,
      );
    return { events, others };
  };

  it("do not hold the brake, however many they are", async () => {
    const { others } = await openProtected(30);
    world.model.deleteEvent({ id: others[0]?.eventId ?? 0 });
    expect(await world.reconcile()).toMatchObject({ held: 0, absent: 1 });
    expect(world.consumers.byPattern.size).toBe(59);
  });

  it("lose the attributes that are no longer in them, and only those", async () => {
    const { events } = await openProtected(1);
    const eventId = events[0]?.eventId ?? 0;
    const added = world.model.addAttribute({ eventId, type: "domain", value: "second.example" });
    await world.hear(added.notifications);
    world.pass(60);
    await world.reconcile();
    expect(held()).toContain("second.example");
    world.model.hardDelete({ id: added.id });
    world.pass(60);
    expect(await world.reconcile()).toMatchObject({ held: 0, absent: 1 });
    expect(held()).not.toContain("second.example");
    expect(held()).toContain("d1.example");
    expect(await world.reconcile()).toMatchObject({ absent: 0 });
  });
});

it("holds the brake when most of nearly every event would vanish, as with a key that no longer sees what is organisation-only", async () => {
  await open();
  const hidden = Array.from({ length: 30 }, addEvent).flatMap(({ eventId }) =>
    ["a", "b"].map(
      (name) =>
        world.model.addAttribute({ eventId, type: "domain", value: `${name}${eventId}.example`, distribution: 0 }).id,
    ),
  );
  world.pass(10);
  await world.reconcile();
  expect(world.consumers.byPattern.size).toBe(90);
  world.misp.narrow(exampleKeys.own.key, { withoutAttributes: hidden });
  expect(await world.reconcile({ scope: "all" })).toMatchObject({ held: 30, absent: 0 });
  expect(world.consumers.byPattern.size).toBe(90);
});
