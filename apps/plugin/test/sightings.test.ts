import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMispApi } from "@tb/misp-api";
import { createMemoryBus, exampleEntry, type MemoryBus, storeChanges } from "@tb/misp-core/testing";
import {
  createCountingUuid,
  createMispModel,
  createRestServer,
  exampleKeys,
  type MispModel,
  type ModelNotification,
  type RestFailure,
  type RestServer,
} from "@tb/misp-simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Counters, createCounters } from "../src/counters.ts";
import { createSightingWay, discardSightings, type SightingWay } from "../src/sightings.ts";
import { openLmdbStore } from "../src/store/lmdb-store.ts";
import { until } from "./command.ts";

const seenAt = "2026-11-24T10:00:00Z";
const sightingUuid = (n: number) => `0b4f7d34-9c53-4a6e-8b1d-${String(n).padStart(12, "0")}`;
const sighting = (n: number, attributeUuid: string, part: object = {}) => ({
  type: "sighting",
  spec_version: "2.1",
  id: `sighting--${sightingUuid(n)}`,
  created: seenAt,
  modified: seenAt,
  last_seen: seenAt,
  sighting_of_ref: `indicator--${attributeUuid}`,
  ...part,
});

describe("sightings on their way to MISP", () => {
  let model: MispModel;
  let misp: RestServer;
  let published: ModelNotification[];
  let folder: string;
  let store: Awaited<ReturnType<typeof openLmdbStore>>;
  let bus: MemoryBus;
  let counters: Counters;
  let said: string[];
  let attribute: { readonly id: number; readonly uuid: string };
  const running: { end(): void; readonly done: Promise<void> }[] = [];

  beforeEach(async () => {
    model = createMispModel({ now: () => 1_800_000_000, uuid: createCountingUuid() });
    const event = model.addEvent({ info: "Phishing wave" });
    const { id } = model.addAttribute({ eventId: event.id, type: "domain", value: "evil.example" });
    const uuid = model.attributes().find((one) => one.id === id)?.uuid ?? "";
    attribute = { id, uuid };
    published = [];
    misp = await createRestServer(model, { publish: (notifications) => void published.push(...notifications) });
    folder = mkdtempSync(join(tmpdir(), "sightings-"));
    store = await openLmdbStore({ path: folder });
    bus = createMemoryBus();
    counters = createCounters();
    said = [];
  });
  afterEach(async () => {
    for (const { end, done } of running.splice(0)) {
      end();
      await done;
    }
    await misp[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (key = exampleKeys.own.key): SightingWay => {
    const api = createMispApi({ host: misp.url, key, timeoutMs: 2_000 });
    const way = createSightingWay({
      store,
      outbox: store.outbox,
      bus,
      api,
      options: {},
      counters,
      say: (level, _, text) => void said.push(`${level}: ${text}`),
    });
    const [stop, deadline] = [new AbortController(), new AbortController()];
    const done = way.run({ signal: stop.signal, deadline: deadline.signal }).finally(() => api[Symbol.asyncDispose]());
    const end = () => {
      stop.abort();
      setTimeout(() => deadline.abort(), 3_000).unref();
    };
    running.push({ end, done });
    return way;
  };
  const inMisp = () => [...model.state.sightings].map(({ uuid, source }) => `${uuid} ${source}`);
  const delivered = (count: number) => until(() => counters.snapshot().delivered === count);

  it("are acknowledged once they are safe, delivered under their own UUID, and recognised when MISP tells of them", async () => {
    await store.commit(storeChanges({ entries: [{ after: exampleEntry(attribute.id, { uuid: attribute.uuid }) }] }));
    const way = start();
    const taken = bus.deliverSighting(sighting(1, attribute.uuid));
    await delivered(1);
    expect(taken.acked).toBe(true);
    expect(inMisp()).toEqual([`${sightingUuid(1)} threatbus`]);
    expect(store.outbox.counts()).toMatchObject({ waiting: 0 });
    const encoder = new TextEncoder();
    for (const { topic, body } of published) way.recognise({ topic, body: encoder.encode(body), observedAtMs: 1 });
    expect(counters.snapshot().echoed).toBe(1);
    // The index knew the event: nothing had to be looked up.
    expect(misp.requests.map(({ path }) => path)).toEqual([expect.stringContaining("bulkSaveSightings")]);
  });

  it("a repeated delivery by the bus adds nothing", async () => {
    start();
    bus.deliverSighting(sighting(1, attribute.uuid));
    await delivered(1);
    bus.deliverSighting(sighting(1, attribute.uuid));
    bus.deliverSighting(sighting(2, attribute.uuid));
    await until(() => inMisp().length === 2);
    await until(() => store.outbox.counts().waiting === 0);
    expect(inMisp()).toHaveLength(2);
  });

  it("find the event of an attribute that the index does not know", async () => {
    start();
    bus.deliverSighting(sighting(1, attribute.uuid));
    await delivered(1);
    expect(inMisp()).toEqual([`${sightingUuid(1)} threatbus`]);
  });

  it("wait while MISP is down, and go out when it is back", async () => {
    await misp.down();
    start();
    const taken = bus.deliverSighting(sighting(1, attribute.uuid));
    await until(() => taken.acked && said.some((text) => text.startsWith("warn: ")));
    expect(counters.snapshot().delivered).toBe(0);
    await misp.up();
    await delivered(1);
    expect(inMisp()).toHaveLength(1);
  });

  const answer = (status: number, body: object | string) =>
    ({ kind: "answer", status, body: typeof body === "string" ? body : JSON.stringify(body) }) as const;
  it.each<[string, RestFailure]>([
    ["the connection is reset", { kind: "reset" }],
    ["the answer is lost after MISP has written it", { kind: "lost-answer" }],
    ["no answer comes", { kind: "hang" }],
    ["half of the answer comes", { kind: "truncate", how: "connection" }],
    ["the JSON ends too soon", { kind: "truncate", how: "json" }],
    ["a proxy's page comes", { kind: "html" }],
    ["a proxy's page comes with 200", { kind: "html", status: 200 }],
    ["MISP wants less at a time", { kind: "rate-limit", resetSeconds: 1 }],
    ["a proxy wants less at a time", { kind: "rate-limit", resetSeconds: 1, retryAfter: 1 }],
    ["MISP has an internal error", { kind: "internal-error" }],
    ["200 comes with a message alone", answer(200, { message: "1 sighting added" })],
    ["200 comes with a description of the API", answer(200, { name: "API description", url: "/sightings/add" })],
    ["200 comes with nothing", answer(200, "")],
    ["a redirect comes", { kind: "redirect", location: "https://elsewhere.example/" }],
  ])("%s: nothing counts as delivered before MISP proves it, and then it is there once", async (_, failure) => {
    await store.commit(storeChanges({ entries: [{ after: exampleEntry(attribute.id, { uuid: attribute.uuid }) }] }));
    misp.fail(failure, { path: "/sightings" });
    start();
    bus.deliverSighting(sighting(1, attribute.uuid));
    await until(() => said.some((text) => text.startsWith("warn: ")));
    expect(counters.snapshot()).toMatchObject({ delivered: 0, deadLetters: { total: 0 } });
    expect(said.join()).not.toContain(exampleKeys.own.key);
    misp.heal();
    await delivered(1);
    expect(inMisp()).toEqual([`${sightingUuid(1)} threatbus`]);
  });

  it("become dead letters when MISP says that it never will take them", async () => {
    start();
    bus.deliverSighting(sighting(1, "0b4f7d34-9c53-4a6e-8b1d-ffffffffffff"));
    await until(() => counters.snapshot().deadLetters.total === 1);
    expect(said.find((text) => text.startsWith("error: "))).toMatch(/will not reach MISP, threatbus-misp dead-letters/);
    expect(store.outbox.counts()).toMatchObject({ waiting: 0 });
  });

  it("a key that may not report them stops everything until something changes, and is not asked again", async () => {
    const way = start(exampleKeys.readOnly.key);
    for (const n of [1, 2, 3]) bus.deliverSighting(sighting(n, attribute.uuid));
    await until(() => said.some((text) => text.includes("forbidden")));
    const asked = misp.requests.length;
    bus.deliverSighting(sighting(4, attribute.uuid));
    await until(() => store.outbox.counts().waiting === 4);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(misp.requests.length).toBe(asked);
    misp.setKey({ ...exampleKeys.readOnly, role: "sighting" });
    way.resume();
    await delivered(4);
  });

  it("10,000 of them wait while MISP is down, in bounded memory, and all go out when it answers in 50 ms", async () => {
    const event = model.addEvent({ info: "many" });
    const attributes = Array.from({ length: 100 }, (_, i) =>
      model.addAttribute({ eventId: event.id, type: "domain", value: `many-${i}.example` }),
    );
    const ids = new Set(attributes.map(({ id }) => id));
    const known = model.attributes().filter(({ id }) => ids.has(id));
    await store.commit(
      storeChanges({
        entries: known.map(({ id, uuid }) => ({ after: exampleEntry(id, { uuid, eventId: event.id }) })),
      }),
    );
    await misp.down();
    start();
    const before = process.memoryUsage.rss();
    const all: { readonly acked: boolean }[] = [];
    for (let n = 1; n <= 10_000; n++) {
      const taken = bus.deliverSighting(sighting(n, known[n % known.length]?.uuid ?? ""));
      all.push(taken);
      if (n % 500 === 0) await until(() => taken.acked);
    }
    await until(() => store.outbox.counts().waiting === 10_000);
    expect(all.every(({ acked }) => acked)).toBe(true);
    const grown = (process.memoryUsage.rss() - before) / 1e6;
    misp.fail({ kind: "delay", ms: 50 });
    await misp.up();
    await delivered(10_000);
    expect(new Set([...model.state.sightings].map(({ uuid }) => uuid)).size).toBe(10_000);
    expect(grown).toBeLessThan(128);
  }, 240_000);

  it("that make no sense are dropped, counted, and acknowledged", async () => {
    start();
    const nonsense = [bus.deliverSighting({ type: "sighting" }), bus.deliverSighting(null)];
    await until(() => counters.snapshot().sightingsDropped.total === 2);
    expect(nonsense.every(({ acked }) => acked)).toBe(true);
  });
});

it("without an API key sightings are read, dropped and counted", async () => {
  const bus = createMemoryBus();
  const counters = createCounters();
  const said: string[] = [];
  const controller = new AbortController();
  const done = discardSightings(bus, {
    signal: controller.signal,
    counters,
    say: (_, __, text) => void said.push(text),
  });
  const taken = bus.deliverSighting(sighting(1, "0b4f7d34-9c53-4a6e-8b1d-ffffffffffff"));
  await until(() => taken.acked);
  controller.abort();
  await done;
  expect(counters.snapshot().sightingsDropped).toEqual({ total: 1, reasons: [["no_api", 1]] });
  expect(said[0]).toContain("needs api with a key");
});
