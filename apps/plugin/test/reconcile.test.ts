import { exampleKeys, type RestFailure, type RestKey } from "@tb/misp-simulator";
import { afterEach, describe, expect, it } from "vitest";
import { createRestWorld, type RestWorld } from "./rest-world.ts";
import { compileItems } from "./world.ts";

let world: RestWorld;
afterEach(() => world[Symbol.asyncDispose]());

const open = async (options: { readonly key?: RestKey; readonly items?: Parameters<typeof compileItems>[0] } = {}) => {
  world = await createRestWorld(compileItems(options.items), options);
};
/** Events with one domain each, which nobody told of. */
const addEvents = (count: number, options: { readonly orgcId?: number; readonly distribution?: number } = {}) =>
  Array.from({ length: count }, (_, i) => {
    const event = world.model.addEvent({ info: `event ${i}`, ...options });
    const attribute = world.model.addAttribute({ eventId: event.id, type: "domain", value: `d${event.id}.example` });
    return { eventId: event.id, attributeId: attribute.id, body: [...event.notifications, ...attribute.notifications] };
  });
/** MISP answers with this, whatever it was asked. */
const answer = (body: unknown): RestFailure => ({
  ...{ kind: "answer", status: 200, headers: { "content-type": "application/json" } },
  body: JSON.stringify(body),
});
/** A row that does not say what it is of. */
const namelessRow = answer({ response: { Attribute: [{ type: "domain" }] } });
const searches = () => world.misp.requests.filter(({ path }) => path.includes("restSearch"));
const held = () => [...world.consumers.byPattern].map((pattern) => /'(.*)'/.exec(pattern)?.[1]).sort();

describe("a reconcile", () => {
  it("fills an empty index, and then asks for the lists alone", async () => {
    await open();
    addEvents(3);
    world.pass(10);
    expect(await world.reconcile()).toMatchObject({ listed: 3, events: 3, rows: 3, absent: 0, held: 0 });
    expect(held()).toEqual(["d1.example", "d2.example", "d3.example"]);
    expect(world.store.meta()).toMatchObject({ complete: true, filled: true });
    world.misp.forgetRequests();
    expect(await world.reconcile()).toMatchObject({ events: 0, rows: 0 });
    expect(world.misp.requests.map(({ path }) => path)).toEqual([
      "/tags/index/exclude_statistics:1",
      "/events/index/minimal:1",
    ]);
    expect(world.consumers.received).toBe(3);
  });

  it("reads again what changed within two seconds of the last look, since a second change may have the same version", async () => {
    await open();
    const [first] = addEvents(1);
    await world.reconcile();
    world.model.editAttribute({ id: first?.attributeId ?? 0, value: "same-second.example" });
    await world.reconcile();
    expect(held()).toEqual(["same-second.example"]);
    world.pass(10);
    await world.reconcile();
    world.misp.forgetRequests();
    await world.reconcile();
    expect(searches()).toEqual([]);
  });

  it("reads what was heard of live once more, and announces it once", async () => {
    await open();
    const [first] = addEvents(1);
    world.pass(10);
    await world.hear(first?.body ?? []);
    expect(await world.reconcile()).toMatchObject({ events: 1, rows: 1 });
    expect(world.consumers.received).toBe(1);
    await world.hear(world.model.editAttribute({ id: 1 }).notifications);
    world.pass(10);
    expect(await world.reconcile()).toMatchObject({ events: 1 });
    expect(await world.reconcile()).toMatchObject({ events: 0 });
    expect(world.consumers.received).toBe(1);
  });

  it("reads an event again of which a row came that does not say what it is of", async () => {
    await open();
    addEvents(1);
    world.pass(10);
    world.misp.fail(namelessRow, { path: "/attributes" });
    await world.reconcile();
    expect(world.refused.length).toBeGreaterThan(0);
    world.misp.heal();
    expect(await world.reconcile()).toMatchObject({ events: 1 });
    expect(held()).toEqual(["d1.example"]);
  });

  it("remembers an event without attributes, or with none that can be announced", async () => {
    await open();
    const { id } = world.model.addEvent({ info: "empty" });
    world.model.addAttribute({ eventId: id, type: "comment", value: "a remark" });
    world.model.addEvent({ info: "emptier" });
    world.pass(10);
    expect(await world.reconcile()).toMatchObject({ events: 2, rows: 0 });
    expect(await world.reconcile()).toMatchObject({ events: 0 });
  });

  it("reads only organisations and types that the filter can let through", async () => {
    await open({ items: [{ orgs: [2], types: ["domain"] }] });
    addEvents(1, { orgcId: 1 });
    addEvents(1, { orgcId: 2 });
    world.pass(10);
    await world.reconcile();
    expect(held()).toEqual(["d2.example"]);
    expect(JSON.parse(searches().at(-1)?.body ?? "").type).toEqual(["domain"]);
    // Organisations named by number are known once their event was read.
    expect(await world.reconcile()).toMatchObject({ events: 0, listed: 2 });
  });

  it("takes the attribute away whose type the filter no longer admits, though its rows are not asked for", async () => {
    await open({ items: [{ types: ["domain"] }] });
    const [first] = addEvents(1);
    world.pass(10);
    await world.reconcile();
    world.model.editAttribute({ id: first?.attributeId ?? 0, type: "hostname" });
    world.pass(10);
    expect(await world.reconcile()).toMatchObject({ absent: 0 });
    expect(held()).toEqual([]);
  });

  it("reads everything anew when the filter's types or organisations change", async () => {
    await open({ items: [{ types: ["domain"] }] });
    addEvents(1);
    world.pass(10);
    await world.reconcile();
    await world.store.commit({
      ...{ entries: [], events: [], tags: [], waiting: { added: [], taken: [] }, dirty: [], clean: [] },
      meta: { coverage: "of another filter" },
    });
    world.misp.fail({ kind: "internal-error" }, { path: "/attributes" });
    await expect(world.reconcile()).rejects.toMatchObject({ code: "server-error" });
    expect(world.store.meta().complete).toBe(false);
    world.misp.heal();
    expect(await world.reconcile()).toMatchObject({ events: 1 });
    expect(await world.reconcile()).toMatchObject({ events: 0 });
  });

  it("keeps what it has read when MISP fails in the middle, and goes on there", async () => {
    await open();
    addEvents(1_200);
    world.pass(10);
    world.misp.fail({ kind: "internal-error" }, { path: "/attributes", after: 2 });
    await expect(world.reconcile()).rejects.toMatchObject({ code: "server-error" });
    const before = world.consumers.received;
    expect(before).toBeGreaterThan(100);
    expect(world.store.meta().complete).toBe(false);
    world.misp.heal();
    expect(await world.reconcile()).toMatchObject({ events: 1_200 - before, listed: 1_200 });
    expect(world.consumers.received).toBe(1_200);
    expect(world.store.meta().complete).toBe(true);
  });

  it("reads everything anew on demand, and goes on where it was when that fails or is killed in the middle", async () => {
    await open();
    addEvents(1_200);
    world.pass(10);
    await world.reconcile();
    world.misp.fail({ kind: "internal-error" }, { path: "/attributes", after: 2 });
    await expect(world.reconcile({ scope: "all" })).rejects.toMatchObject({ code: "server-error" });
    world.misp.heal();
    const rest = await world.reconcile();
    expect(rest.events).toBeGreaterThan(0);
    expect(rest.events).toBeLessThan(1_200);
    expect(await world.reconcile()).toMatchObject({ events: 0 });
    expect(world.consumers.received).toBe(1_200);
  });

  it("reads one event, or what changed lately, though nothing differs; a failure leaves it to the next", async () => {
    await open();
    addEvents(3);
    world.pass(3_600);
    addEvents(1);
    world.pass(10);
    await world.reconcile();
    expect(await world.reconcile({ scope: { eventId: 2 } })).toMatchObject({ events: 1, rows: 1 });
    const sinceMs = (world.model.now() - 60) * 1000;
    world.misp.fail({ kind: "internal-error" }, { path: "/attributes" });
    await expect(world.reconcile({ scope: { sinceMs } })).rejects.toMatchObject({ code: "server-error" });
    world.misp.heal();
    expect(await world.reconcile()).toMatchObject({ events: 1 });
    expect(await world.reconcile()).toMatchObject({ events: 0 });
    expect(await world.reconcile({ scope: { sinceMs } })).toMatchObject({ events: 1 });
  });

  it("halves what MISP cannot bring at once, and reads an event larger than a page inside itself", async () => {
    await open();
    const { id } = world.model.addEvent({ info: "huge" });
    for (let i = 0; i < 5_300; i++) world.model.addAttribute({ eventId: id, type: "domain", value: `h${i}.example` });
    world.pass(10);
    world.misp.fail({ kind: "truncate", how: "json" }, { path: "/attributes", times: 1 });
    expect(await world.reconcile()).toMatchObject({ events: 1, rows: 5_300 });
    expect(searches().map(({ body }) => JSON.parse(body).limit)).toEqual([5_000, 2_500, 2_500, 2_500]);
    expect(world.consumers.byPattern.size).toBe(5_300);
  });

  it("takes in what changes while it is read, at the latest with the next reconcile", async () => {
    await open();
    const events = addEvents(3);
    world.pass(10);
    let done = false;
    world.beforeRequest = async ({ path }) => {
      if (done || !path.includes("restSearch")) return;
      done = true;
      world.model.hardDelete({ id: events[0]?.attributeId ?? 0 });
      world.model.deleteEvent({ id: events[1]?.eventId ?? 0 });
      const late = world.model.editAttribute({ id: events[2]?.attributeId ?? 0, value: "late.example" });
      await world.hear(late.notifications);
    };
    await world.reconcile();
    world.pass(10);
    await world.reconcile();
    expect(held()).toEqual(["late.example"]);
  });

  it("reads again an event of which a straggler came while it was read: it may have undone what the rows said", async () => {
    await open();
    const [first] = addEvents(1);
    world.model.editAttribute({ id: first?.attributeId ?? 0, value: "new.example" });
    world.pass(10);
    world.beforeRequest = async ({ path }) => {
      if (!path.includes("restSearch")) return;
      world.beforeRequest = undefined;
      await world.hear(first?.body ?? []);
    };
    await world.reconcile();
    expect(held()).toEqual(["d1.example"]);
    await world.reconcile();
    expect(held()).toEqual(["new.example"]);
    expect(await world.reconcile()).toMatchObject({ events: 0 });
  });

  it("reads a new event a second time, since an import adds attributes and leaves the version as it is", async () => {
    await open();
    await world.reconcile();
    const { id } = world.model.importEvent({
      info: "imported",
      timestamp: 1_700_000_000,
      attributes: [{ type: "domain", value: "one.example" }],
    });
    world.pass(60);
    expect(await world.reconcile()).toMatchObject({ events: 1 });
    world.model.addAttribute({ eventId: id, type: "domain", value: "two.example", timestamp: 1_700_000_000 });
    for (const event of world.model.state.events) event.timestamp = 1_700_000_000;
    await world.reconcile();
    expect(held()).toEqual(["one.example", "two.example"]);
    expect(await world.reconcile()).toMatchObject({ events: 0 });
  });

  it("reads an event again that was published, which changes no timestamp", async () => {
    await open();
    addEvents(1);
    world.pass(10);
    await world.reconcile();
    world.model.publishEvent({ id: 1 });
    expect(await world.reconcile()).toMatchObject({ events: 1 });
    expect(world.store.event(1)).toMatchObject({ published: true });
  });

  it("of one event alone makes no index complete, nor does one that the brake held", async () => {
    await open();
    addEvents(30);
    world.pass(10);
    await world.reconcile({ scope: { eventId: 3 } });
    expect(world.store.meta()).toMatchObject({ complete: false, filled: false });
    await world.reconcile();
    await world.reconcile({ completes: () => false });
    world.misp.narrow(exampleKeys.own.key, { orgcIds: [99] });
    expect(await world.reconcile()).toMatchObject({ held: 30 });
    expect(world.store.meta().complete).toBe(false);
  });

  it("learns of tags that were renamed, deleted or merged without a word, and whether they may leave MISP", async () => {
    await open({ items: [{ tags: ["tlp:amber"] }] });
    const { eventId, attributeId } = addEvents(1)[0] ?? { eventId: 0, attributeId: 0 };
    world.model.attachTag({ id: attributeId, tag: "work:old" });
    world.pass(10);
    await world.reconcile();
    expect(held()).toEqual([]);
    const tag = [...world.model.state.tags].find(({ name }) => name === "work:old");
    world.model.renameTag({ id: tag?.id ?? 0, name: "tlp:amber" });
    world.pass(10);
    await world.reconcile();
    expect(held()).toEqual([`d${eventId}.example`]);
    world.model.deleteTag({ id: tag?.id ?? 0 });
    world.pass(10);
    await world.reconcile();
    expect(held()).toEqual([]);
    expect(await world.reconcile()).toMatchObject({ events: 0 });
  });
  it("reads what carries a tag that is not in the list, once each time that it vanishes from it", async () => {
    await open();
    const { id: eventId } = world.model.addEvent({ info: "e" });
    world.model.addAttribute({ eventId, type: "domain", value: "tagged.example", tags: [{ name: "hidden" }] });
    world.pass(10);
    await world.reconcile();
    const hide = () => world.misp.fail(answer({ Tag: [] }), { path: "/tags" });
    const events: number[] = [];
    for (const change of [hide, hide, world.misp.heal, hide]) {
      change();
      events.push((await world.reconcile()).events);
    }
    expect(events).toEqual([1, 0, 0, 1]);
  });
});

describe("absence", () => {
  it("withdraws what MISP no longer shows: attributes, and events with all that was in them", async () => {
    await open();
    const events = addEvents(3);
    world.pass(10);
    await world.reconcile();
    world.model.hardDelete({ id: events[0]?.attributeId ?? 0 });
    world.model.deleteEvent({ id: events[1]?.eventId ?? 0 });
    world.pass(10);
    expect(await world.reconcile()).toMatchObject({ absent: 2 });
    expect(held()).toEqual(["d3.example"]);
    world.misp.forgetRequests();
    expect(await world.reconcile()).toMatchObject({ absent: 0, events: 0 });
    expect(searches()).toEqual([]);
  });

  it("does not withdraw what the key has never seen", async () => {
    await open({ key: exampleKeys.other });
    const secret = addEvents(1, { distribution: 0 });
    const open_ = addEvents(1);
    const inside = world.model.addAttribute({
      eventId: open_[0]?.eventId ?? 0,
      type: "domain",
      value: "org-only.example",
      distribution: 0,
    });
    for (const { body } of [...secret, ...open_]) await world.hear(body);
    await world.hear(inside.notifications);
    world.pass(60);
    expect(await world.reconcile()).toMatchObject({ absent: 0, listed: 1 });
    expect(held()).toEqual(["d1.example", "d2.example", "org-only.example"]);
  });

  it("withdraws what the owner's key should see and does not, though no answer ever showed it", async () => {
    await open();
    const events = addEvents(2);
    for (const { body } of events) await world.hear(body);
    world.model.hardDelete({ id: events[0]?.attributeId ?? 0 });
    world.model.deleteEvent({ id: events[1]?.eventId ?? 0 });
    world.pass(60);
    expect(await world.reconcile()).toMatchObject({ absent: 2 });
    expect(held()).toEqual([]);
  });

  it("leaves alone what is so young that MISP may not show it yet", async () => {
    await open();
    const [first] = addEvents(1);
    await world.hear(first?.body ?? []);
    world.misp.narrow(exampleKeys.own.key, { withoutEvents: [1] });
    world.pass(5);
    expect(await world.reconcile()).toMatchObject({ absent: 0 });
    world.misp.narrow(exampleKeys.own.key, undefined);
    world.pass(60);
    await world.reconcile();
    expect(held()).toEqual(["d1.example"]);
  });

  it("concludes nothing from a list of events that could not be read in full", async () => {
    await open();
    addEvents(2);
    world.pass(10);
    await world.reconcile();
    world.misp.narrow(exampleKeys.own.key, { withoutEvents: [2] });
    const path = "/events/index/minimal:1";
    const list = await fetch(`${world.misp.url}${path}`, {
      headers: { authorization: exampleKeys.own.key, accept: "application/json" },
    });
    world.misp.fail(answer([...((await list.json()) as object[]), { id: "?" }]), { path });
    expect(await world.reconcile()).toMatchObject({ absent: 0, listed: 1 });
    world.misp.heal();
    expect(await world.reconcile()).toMatchObject({ absent: 1 });
  });

  it("looks again at what was too young to be missed, though its event has no other version then", async () => {
    await open();
    const [first] = addEvents(1);
    await world.hear(first?.body ?? []);
    const { notifications } = world.model.addAttribute({ eventId: 1, type: "domain", value: "short-lived.example" });
    await world.hear(notifications);
    world.model.hardDelete({ id: 2 });
    world.pass(5);
    expect(await world.reconcile()).toMatchObject({ events: 1, absent: 0 });
    expect(held()).toEqual(["d1.example", "short-lived.example"]);
    world.pass(6);
    expect(await world.reconcile()).toMatchObject({ events: 1, absent: 1 });
    expect(held()).toEqual(["d1.example"]);
    world.pass(6);
    expect(await world.reconcile()).toMatchObject({ events: 0 });
  });

  it("looks again at what was heard of by a clock that is ahead, and is gone", async () => {
    await open();
    const [first] = addEvents(1);
    world.pass(10);
    await world.reconcile();
    world.pass(60);
    await world.hear(world.model.editAttribute({ id: 1 }).notifications);
    world.pass(-60);
    world.model.hardDelete({ id: first?.attributeId ?? 0 });
    world.pass(10);
    expect(await world.reconcile()).toMatchObject({ events: 1, absent: 0 });
    expect(held()).toEqual(["d1.example"]);
    world.pass(60);
    expect(await world.reconcile()).toMatchObject({ events: 1, absent: 1 });
    expect(held()).toEqual([]);
  });

  it("believes a second query: what is not in the list may be there all the same", async () => {
    await open();
    addEvents(2);
    world.pass(10);
    await world.reconcile();
    world.model.editAttribute({ id: 1 });
    world.pass(10);
    // Both vanish from the answers for as long as the first question takes.
    world.beforeRequest = ({ path, body }) => {
      const isSecond = path.includes("restSearch") && (body.includes('"uuid"') || body.includes('"eventid":[2]'));
      world.misp.narrow(exampleKeys.own.key, isSecond ? undefined : { withoutEvents: [2], withoutAttributes: [1] });
    };
    expect(await world.reconcile()).toMatchObject({ absent: 0, listed: 1 });
    expect(held()).toEqual(["d1.example", "d2.example"]);
  });

  it("concludes nothing from a second answer with a row that does not say what it is of, and says so", async () => {
    await open();
    const [first] = addEvents(2);
    world.pass(10);
    await world.reconcile();
    world.model.hardDelete({ id: first?.attributeId ?? 0 });
    world.model.deleteEvent({ id: 2 });
    world.pass(10);
    world.beforeRequest = (request) => {
      world.misp.heal();
      const isSecond = request.body.includes('"uuid"') || request.body.includes('"eventid":[2]');
      if (isSecond) world.misp.fail(namelessRow);
    };
    expect(await world.reconcile()).toMatchObject({ absent: 0 });
    expect(world.refused.length).toBeGreaterThan(0);
    world.beforeRequest = undefined;
    world.misp.heal();
    expect(await world.reconcile()).toMatchObject({ absent: 2 });
    expect(held()).toEqual([]);
  });

  it("brings back what was absent when MISP shows it again, and does not believe a straggler meanwhile", async () => {
    await open();
    const [first] = addEvents(1);
    world.pass(10);
    await world.reconcile();
    world.misp.narrow(exampleKeys.own.key, { withoutEvents: [1] });
    await world.reconcile();
    expect(held()).toEqual([]);
    await world.hear(first?.body ?? []);
    expect(held()).toEqual([]);
    world.misp.narrow(exampleKeys.own.key, undefined);
    await world.reconcile();
    expect(held()).toEqual(["d1.example"]);
  });

  it("leaves what is missing besides the one event that it was asked for, and does not ask of what was told to be deleted", async () => {
    await open();
    addEvents(3);
    world.pass(10);
    await world.reconcile();
    await world.hear(world.model.deleteEvent({ id: 3 }).notifications);
    world.model.deleteEvent({ id: 2 });
    world.pass(10);
    world.misp.forgetRequests();
    expect(await world.reconcile({ scope: { eventId: 1 } })).toMatchObject({ events: 1, absent: 0 });
    expect(searches().map(({ body }) => body.includes('"eventid":[1]'))).toEqual([true]);
    expect(held()).toEqual(["d1.example", "d2.example"]);
    world.misp.forgetRequests();
    expect(await world.reconcile()).toMatchObject({ events: 0, absent: 1 });
    expect(searches().map(({ body }) => body.includes('"eventid":[2]'))).toEqual([true]);
  });

  it("leaves an event that is not listed, and of which something was heard meanwhile", async () => {
    await open();
    addEvents(2);
    world.pass(10);
    await world.reconcile();
    world.misp.narrow(exampleKeys.own.key, { withoutEvents: [2] });
    world.beforeRequest = async ({ path }) => {
      if (!path.includes("restSearch")) return;
      world.beforeRequest = undefined;
      await world.hear(world.model.addAttribute({ eventId: 2, type: "domain", value: "late.example" }).notifications);
    };
    expect(await world.reconcile()).toMatchObject({ absent: 0 });
    expect(held()).toEqual(["d1.example", "d2.example", "late.example"]);
    world.pass(20);
    expect(await world.reconcile()).toMatchObject({ absent: 2 });
    expect(held()).toEqual(["d1.example"]);
  });

  it("withdraws from an event that is gone also what no answer ever showed and everybody would see", async () => {
    await open({ key: exampleKeys.other });
    addEvents(1);
    const { id } = world.model.addEvent({ info: "without attributes" });
    world.pass(10);
    await world.reconcile();
    const { notifications } = world.model.addAttribute({ eventId: 1, type: "domain", value: "live.example" });
    await world.hear(notifications);
    world.model.deleteEvent({ id: 1 });
    world.model.deleteEvent({ id });
    world.pass(60);
    expect(await world.reconcile()).toMatchObject({ absent: 2 });
    expect(held()).toEqual([]);
    expect([1, id].map((event) => world.store.event(event)?.version)).toEqual([undefined, undefined]);
  });

  it("holds the brake by the events that are left, whatever was deleted before", async () => {
    await open();
    const events = addEvents(130);
    world.pass(10);
    await world.reconcile();
    for (const { eventId } of events.slice(0, 80))
      await world.hear(world.model.deleteEvent({ id: eventId }).notifications);
    world.misp.narrow(exampleKeys.own.key, { withoutEvents: events.slice(80, 101).map(({ eventId }) => eventId) });
    world.pass(10);
    expect(await world.reconcile()).toMatchObject({ held: 21, absent: 0 });
  });

  it("holds the brake when more than 20 events and more than a fifth would vanish at once, until it is forced", async () => {
    await open();
    addEvents(50);
    world.pass(10);
    await world.reconcile();
    world.misp.narrow(exampleKeys.own.key, { withoutEvents: Array.from({ length: 21 }, (_, i) => i + 1) });
    expect(await world.reconcile()).toMatchObject({ held: 21, absent: 0 });
    expect(world.consumers.byPattern.size).toBe(50);
    expect(await world.reconcile()).toMatchObject({ held: 21 });
    expect(await world.reconcile({ force: true })).toMatchObject({ held: 0, absent: 21 });
    expect(world.consumers.byPattern.size).toBe(29);
  });

  it("does not hold it for 20 events, nor for a fifth of many", async () => {
    await open();
    addEvents(150);
    world.pass(10);
    await world.reconcile();
    world.misp.narrow(exampleKeys.own.key, { withoutEvents: Array.from({ length: 30 }, (_, i) => i + 1) });
    expect(await world.reconcile()).toMatchObject({ held: 0, absent: 30 });
    world.misp.narrow(exampleKeys.own.key, { withoutEvents: Array.from({ length: 50 }, (_, i) => i + 1) });
    expect(await world.reconcile()).toMatchObject({ held: 0, absent: 20 });
  });

  it("holds it too when the events are listed and their attributes are not", async () => {
    await open();
    addEvents(30);
    world.pass(10);
    await world.reconcile();
    world.misp.narrow(exampleKeys.own.key, { withoutAttributes: Array.from({ length: 30 }, (_, i) => i + 1) });
    expect(await world.reconcile({ scope: "all" })).toMatchObject({ held: 30, absent: 0 });
    expect(world.consumers.byPattern.size).toBe(30);
  });
});

describe("in doubt", () => {
  it("a straggler does not undo what REST said: MISP is asked, and what it says counts", async () => {
    await open();
    const [first] = addEvents(1);
    world.pass(10);
    const old = world.model.editAttribute({ id: first?.attributeId ?? 0, value: "old.example" });
    const now = world.model.editAttribute({ id: first?.attributeId ?? 0, value: "new.example" });
    await world.reconcile();
    await world.hear(old.notifications);
    expect(held()).toEqual(["new.example"]);
    world.misp.forgetRequests();
    world.pass(1);
    await world.refetch.ask(new AbortController().signal);
    expect(searches()).toHaveLength(1);
    expect(held()).toEqual(["new.example"]);
    await world.hear(now.notifications);
    expect(world.refetch.dueAtMs()).toBeUndefined();
  });

  it("a change within the second of the row it contradicts is asked for, and comes", async () => {
    await open();
    const [first] = addEvents(1);
    world.pass(10);
    await world.reconcile();
    const row = world.model.editAttribute({ id: first?.attributeId ?? 0, toIds: true });
    await world.hear(row.notifications);
    await world.reconcile();
    const off = world.model.editAttribute({ id: first?.attributeId ?? 0, toIds: false });
    await world.hear(off.notifications);
    world.pass(1);
    await world.refetch.ask(new AbortController().signal);
    await world.reconcile();
    expect(held()).toEqual([]);
  });

  it("asks for a new attribute 5 s later when the filter needs tags, again while it is not visible, and then no more", async () => {
    await open({ items: [{ tags: ["tlp:amber"] }] });
    const event = world.model.addEvent({ info: "tagged before we came", tags: [{ name: "tlp:amber" }] });
    const added = world.model.addAttribute({ eventId: event.id, type: "domain", value: "fresh.example" });
    await world.hear(added.notifications.filter(({ topic }) => topic === "misp_json_attribute"));
    const { signal } = new AbortController();
    const uuids = () => searches().filter(({ body }) => body.includes('"uuid"'));
    await world.refetch.ask(signal);
    expect(uuids()).toEqual([]);
    world.misp.narrow(exampleKeys.own.key, { withoutAttributes: [added.id] });
    world.pass(5);
    await world.refetch.ask(signal);
    expect(uuids()).toHaveLength(1);
    world.misp.narrow(exampleKeys.own.key, undefined);
    world.pass(4);
    await world.refetch.ask(signal);
    expect(uuids()).toHaveLength(1);
    world.pass(2);
    await world.refetch.ask(signal);
    expect(held()).toEqual(["fresh.example"]);
    expect(world.refetch.dueAtMs()).toBeUndefined();
  });
});
