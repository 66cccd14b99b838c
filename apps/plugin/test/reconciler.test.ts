import { createMispApi, type MispApi } from "@tb/misp-api";
import type { Store } from "@tb/misp-core";
import { createMemoryStore } from "@tb/misp-core/testing";
import {
  createCountingUuid,
  createMispModel,
  createRestServer,
  exampleKeys,
  type MispModel,
  type RestServer,
} from "@tb/misp-simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createReconciler, type Reconciler, type ReconcilerParts } from "../src/completeness/reconciler.ts";
import { type Counters, createCounters } from "../src/counters.ts";
import { until } from "./command.ts";
import { createPipelineInMemory } from "./pipeline-in-memory.ts";
import { compileItems } from "./world.ts";

let misp: RestServer;
let model: MispModel;
let api: MispApi;
let store: Store;
let counters: Counters;
let announced: string[];
let said: string[];
let end: AbortController;
let running: Promise<void> | undefined;

beforeEach(async () => {
  model = createMispModel({ now: () => Math.floor(Date.now() / 1000) - 3_600, uuid: createCountingUuid() });
  misp = await createRestServer(model, { now: () => Math.floor(Date.now() / 1000) });
  api = createMispApi({ host: misp.url, key: exampleKeys.own.key, timeoutMs: 20_000 });
  store = createMemoryStore();
  counters = createCounters();
  announced = [];
  said = [];
  end = new AbortController();
});
afterEach(async () => {
  end.abort();
  await running;
  await api[Symbol.asyncDispose]();
  await misp[Symbol.asyncDispose]();
});

function start(part: Partial<ReconcilerParts> = {}): Reconciler {
  const filter = compileItems(undefined);
  const reconciler = createReconciler({
    store,
    api,
    filter,
    counters,
    intervalMs: 0,
    quietFill: false,
    say: (level, _, text) => said.push(`${level} ${text}`),
    onRefused: () => undefined,
    ...part,
  });
  const { committer } = createPipelineInMemory(
    { filter, reorders: false, completeness: reconciler.completeness },
    {
      store,
      counters,
      publish: (objects) => void announced.push(...objects.map((object) => String(object["name"]))),
    },
  );
  running = reconciler.run({ signal: end.signal, committer });
  return reconciler;
}
const addEvent = () => {
  const { id } = model.addEvent({ info: "e" });
  model.addAttribute({ eventId: id, type: "domain", value: `d${id}.example` });
};
const lists = () => misp.requests.filter(({ path }) => path.startsWith("/events/index"));
const user = { orgId: 1, siteAdmin: false };

describe("when MISP is asked", () => {
  it("not before MISP takes the key; then at once, and the index is complete", async () => {
    addEvent();
    const reconciler = start();
    await expect(reconciler.request({})).rejects.toThrow("MISP has not answered yet");
    expect(misp.requests).toEqual([]);
    reconciler.begin(user);
    await reconciler.filled;
    expect(announced).toEqual(["d1.example"]);
    expect(store.meta()).toMatchObject({ complete: true, filled: true });
  });

  it("once more 10 s after a connection, since a subscription takes effect without confirmation", async () => {
    const reconciler = start();
    reconciler.begin(user);
    await reconciler.filled;
    const at = Date.now();
    reconciler.onSource({ state: "connected", detail: "" });
    await until(() => lists().length === 3);
    expect(Date.now() - at).toBeGreaterThanOrEqual(10_000);
  }, 30_000);

  it("after a gap, and until that has gone through the index is not complete", async () => {
    const reconciler = start();
    reconciler.begin(user);
    await reconciler.filled;
    misp.fail({ kind: "delay", ms: 300 });
    reconciler.onSource({ state: "gap", cause: "overflow", lost: 3, detail: "" });
    await until(() => !store.meta().complete);
    await until(() => store.meta().complete);
    expect(lists().length).toBeGreaterThan(1);
  });

  it("what is missed during a reconcile leaves the index incomplete until the next", async () => {
    const reconciler = start();
    misp.fail({ kind: "delay", ms: 200 });
    reconciler.begin(user);
    await until(() => lists().length === 1);
    reconciler.onSource({ state: "gap", cause: "reconnect", detail: "" });
    await reconciler.filled;
    expect(store.meta().complete).toBe(false);
    await until(() => store.meta().complete);
  });

  it("again after a failure, later and later, not before MISP says, and says why once", async () => {
    const reconciler = start();
    misp.fail({ kind: "rate-limit", resetSeconds: 3 }, { path: "/events", times: 1 });
    misp.fail({ kind: "html" }, { path: "/tags", times: 2 });
    reconciler.begin(user);
    await until(() => lists().length === 1);
    const at = Date.now();
    await reconciler.filled;
    expect(Date.now() - at).toBeGreaterThan(2_500);
    expect(said.filter((line) => line.startsWith("warn"))).toHaveLength(2);
    expect(said.join()).toMatch(/server-error.*rate-limited/s);
  }, 30_000);

  it("no more once it has refused the key, and nobody waits for it", async () => {
    const reconciler = start();
    misp.revokeKey(exampleKeys.own.key);
    reconciler.begin(user);
    await reconciler.filled;
    expect(said.join()).toContain("MISP is not asked again until the program is started anew");
    const before = misp.requests.length;
    reconciler.onSource({ state: "connected", detail: "" });
    await expect(reconciler.request({})).rejects.toThrow("MISP has refused the key");
    expect(misp.requests).toHaveLength(before);
  });

  it("searches that are not allowed are told, and tried again", async () => {
    addEvent();
    const reconciler = start();
    misp.fail({ kind: "searches-not-allowed" });
    reconciler.begin(user);
    await until(() => said.some((line) => line.includes("searches-not-allowed")));
    misp.heal();
    await reconciler.request({});
    expect(announced).toEqual(["d1.example"]);
  });
});

it("a fill of a bus whose apps ask for snapshots is not broadcast, and what comes after it is", async () => {
  addEvent();
  const reconciler = start({ quietFill: true });
  reconciler.begin(user);
  await reconciler.filled;
  expect(announced).toEqual([]);
  expect(store.entriesAfter(0, 10)).toMatchObject([{ live: true }]);
  addEvent();
  model.deleteEvent({ id: 1 });
  await reconciler.request({});
  await until(() => announced.length === 2);
  expect(announced.sort()).toEqual(["d1.example", "d2.example"]);
});

it("what is asked for while another runs waits for it, and a dry run keeps nothing", async () => {
  addEvent();
  const reconciler = start();
  reconciler.begin(user);
  await reconciler.filled;
  addEvent();
  const [dry, wet] = await Promise.all([reconciler.request({ dryRun: true }), reconciler.request({})]);
  expect(dry).toMatchObject({ events: 1, rows: 1, announced: 1 });
  expect(wet).toMatchObject({ events: 1, rows: 1 });
  await until(() => announced.length === 2);
});

it("ends at once with its signal, also in the middle of a request", async () => {
  const reconciler = start();
  misp.fail({ kind: "hang" });
  reconciler.begin(user);
  await until(() => misp.requests.length === 1);
  const asked = reconciler.request({});
  asked.catch(() => undefined);
  end.abort();
  await running;
  await expect(asked).rejects.toThrow("the program ends");
});

describe("what was asked for", () => {
  it("is answered, all of it, when MISP refuses the key meanwhile", async () => {
    const reconciler = start();
    reconciler.begin(user);
    await reconciler.filled;
    misp.revokeKey(exampleKeys.own.key);
    const asked = await Promise.allSettled([reconciler.request({}), reconciler.request({}), reconciler.request({})]);
    expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  });

  it("of one event does not take back what the brake holds in others", async () => {
    for (let i = 0; i < 30; i++) addEvent();
    const reconciler = start();
    reconciler.begin(user);
    await reconciler.filled;
    for (let id = 1; id <= 25; id++) model.deleteEvent({ id });
    await reconciler.request({});
    expect(reconciler.held()).toBe(25);
    await reconciler.request({ scope: { eventId: 30 } });
    expect(reconciler.held()).toBe(25);
    expect(said.join()).not.toContain("nothing is held back any more");
    await reconciler.request({ force: true });
    expect(reconciler.held()).toBe(0);
  });

  it("as a dry run makes no change when it fails either", async () => {
    let aheadMs = 0;
    const reconciler = start({ now: () => Date.now() + aheadMs });
    reconciler.begin(user);
    await reconciler.filled;
    addEvent();
    misp.fail({ kind: "internal-error" }, { path: "/events", times: 1 });
    await expect(reconciler.request({ dryRun: true })).rejects.toMatchObject({ code: "server-error" });
    const { epoch } = store.meta();
    await reconciler.request({ dryRun: true, scope: "all" });
    // Were anything to be tried again, it would be before this.
    aheadMs = 3_600_000;
    misp.forgetRequests();
    reconciler.completeness.onDoubt("00000000-0000-4000-8000-000000000000");
    await until(() => misp.requests.some(({ path }) => path.startsWith("/attributes")));
    expect(lists()).toEqual([]);
    expect(store.entriesAfter(0, 10)).toEqual([]);
    expect(store.meta().epoch).toBe(epoch);
  });
});

it("nobody waits for an index that a role which may not search cannot fill", async () => {
  const reconciler = start();
  misp.fail({ kind: "searches-not-allowed" });
  addEvent();
  reconciler.begin(user);
  await reconciler.filled;
  expect(store.meta().filled).toBe(false);
});

it("tells of events in the list that cannot be read: as long as there are any, none is missed", async () => {
  const refused: string[] = [];
  const reconciler = start({ onRefused: (reason, detail) => refused.push(`${reason} ${detail}`) });
  misp.fail({ kind: "answer", status: 200, body: '[{"id":"x"}]' }, { path: "/events" });
  reconciler.begin(user);
  await reconciler.filled;
  expect(refused).toEqual([expect.stringMatching(/^event_list 1 /)]);
});

it("what is said live in the transaction right before the last rows of an event leaves no version that holds", async () => {
  const heard = new Set<number>();
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const slow: Store = { ...store, commit: (changes) => gate.then(() => store.commit(changes)) };
  const completeness = {
    onLive: (id: number) => void heard.add(id),
    wasHeard: (id: number) => heard.has(id),
    onDoubt: () => undefined,
    onFresh: () => undefined,
  };
  const rules = { filter: compileItems(undefined), reorders: false, completeness };
  const { committer } = createPipelineInMemory(rules, { store: slow });
  const read = (eventId: number) =>
    committer.commit([
      {
        kind: "event-read",
        origin: "rest",
        observedAtMs: 5,
        eventId,
        event: {},
        version: { timestamp: 1, published: false, epoch: 1 },
      },
    ]);
  const all = [
    committer.commit([{ kind: "event", origin: "live", observedAtMs: 9, eventId: 1, event: {} }]),
    read(1),
    read(2),
  ];
  open();
  await Promise.all(all);
  expect([store.event(1)?.version?.epoch, store.event(2)?.version?.epoch]).toEqual([0, 1]);
});
