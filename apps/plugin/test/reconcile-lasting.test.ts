import { afterEach, describe, expect, it } from "vitest";
import { createRestWorld, type RestWorld } from "./rest-world.ts";
import { compileItems } from "./world.ts";

let world: RestWorld;
afterEach(() => world[Symbol.asyncDispose]());

const open = async (options: { readonly items?: Parameters<typeof compileItems>[0] } = {}) => {
  world = await createRestWorld(compileItems(options.items));
  return world;
};
const addEvent = () => {
  const event = world.model.addEvent({ info: "event" });
  const attribute = world.model.addAttribute({ eventId: event.id, type: "domain", value: `d${event.id}.example` });
  return { eventId: event.id, id: attribute.id, told: [...event.notifications, ...attribute.notifications] };
};
const held = () => [...world.consumers.byPattern].map((pattern) => /'(.*)'/.exec(pattern)?.[1]).sort();

describe("what a reconcile leaves open is decided by a later one, though nothing changes meanwhile", () => {
  it("an attribute that was too young to be missed", async () => {
    await open();
    const { id, told } = addEvent();
    await world.hear(told);
    world.pass(3);
    world.model.hardDelete({ id });
    world.pass(5);
    await world.reconcile();
    expect(held()).toEqual(["d1.example"]);
    world.pass(60);
    await world.reconcile();
    expect(held()).toEqual([]);
    world.misp.forgetRequests();
    await world.reconcile();
    expect(world.misp.requests.some(({ path }) => path.includes("restSearch"))).toBe(false);
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
