import { describe, expect, it } from "vitest";
import type { BatchedSighting, NewSighting } from "../src/index.ts";
import { exchanges, recorded } from "./recordings.ts";
import { answer, openApi, openRecorded, replay, startServer } from "./server.ts";

const attributeUuid = "0ea078d4-0f31-4023-95fe-039803135522";
const seen = { target: { attributeUuid }, type: 0, timestamp: 1795495440 } satisfies NewSighting;

describe("addSighting", () => {
  it("is proven by the sighting in the answer", async () => {
    const { api, server } = await openRecorded("sighting by uuid in body, type 0");
    expect(await api.addSighting(seen)).toEqual({
      ok: true,
      sighting: {
        id: 3,
        uuid: "7e07654b-ec95-470c-beee-678f6f9916a8",
        attributeId: 20,
        eventId: 1,
        orgId: 1,
        type: 0,
        timestamp: 1795495440,
        source: "",
      },
    });
    expect(server.received).toMatchObject([
      { method: "POST", path: "/sightings/add", headers: { "content-type": "application/json" } },
    ]);
    expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({
      uuid: attributeUuid,
      type: "0",
      timestamp: 1795495440,
    });
  });

  it("by value, with a source", async () => {
    const { api, server } = await openRecorded("sighting by values list, type 0");
    const sighting = {
      target: { value: "198.51.100.8" },
      type: 0,
      timestamp: 1795491840,
      source: "bank-siem",
    } as const;
    expect(await api.addSighting(sighting)).toMatchObject({ ok: true, sighting: { id: 5, source: "bank-siem" } });
    expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({
      value: "198.51.100.8",
      type: "0",
      timestamp: 1795491840,
      source: "bank-siem",
    });
  });

  it("sends a UUID in lower case, the only one that MISP finds", async () => {
    const { api, server } = await openRecorded("sighting by uuid in body, type 0");
    await api.addSighting({ ...seen, target: { attributeUuid: attributeUuid.toUpperCase() } });
    expect(server.received[0]?.body).toContain(attributeUuid);
  });

  // Status 200 in each of them.
  it.each([
    ["sighting unknown uuid in body", "no-such-attribute"],
    ["/sightings/add org-only attr by B", "no-such-attribute"],
    ["sighting empty object, no id", "no-such-attribute"],
    ["sighting type 3 (invalid)", "refused"],
    ['sighting timestamp "abc"', "refused"],
  ])("%s: %s", async (trigger, reason) => {
    const { api } = await openRecorded(trigger);
    expect(await api.addSighting(seen)).toMatchObject({
      ok: false,
      reason,
      detail: expect.stringContaining("Could not add the Sighting. Reason: "),
    });
  });

  it("every recorded answer to /sightings/add: only one with a sighting in it is success", async () => {
    let current = exchanges[0];
    const server = await startServer((received, response) => current && replay(current)(received, response));
    const api = openApi({ host: server.url });
    const answers = exchanges.filter(({ request }) => request.path.startsWith("/sightings/add"));
    expect(answers.length).toBeGreaterThan(40);
    for (current of answers) {
      const inAnswer = current.response.status === 200 && JSON.parse(current.response.body).Sighting;
      const { type = 0, date_sighting = 1 } = inAnswer || {};
      const asked = { ...seen, type: Number(type), timestamp: Math.min(Number(date_sighting), 2e11) } as NewSighting;
      const succeeded = await api.addSighting(asked).then(
        (result) => result.ok,
        () => false,
      );
      expect([current.trigger, succeeded]).toEqual([current.trigger, Boolean(inAnswer) && date_sighting < 2e11]);
    }
  });

  it.each([
    ["an API description", recorded("sighting GET").response.body],
    ["a sighting of another type", recorded("sighting by id in body, type 1").response.body],
    ["a sighting at another time", recorded("sighting by values list, type 0").response.body],
    ["what an XMLHttpRequest gets", { saved: true, success: "1 sighting  added." }],
    ["nothing", {}],
    ["a list", []],
  ])("%s proves nothing", async (_, body) => {
    const server = await startServer((_, response) => answer(response, 200, body));
    await expect(openApi({ host: server.url }).addSighting(seen)).rejects.toMatchObject({ code: "unexpected-answer" });
  });

  it.each([
    ["sighting read-only auth key", { code: "forbidden", retryable: false }],
    ["sighting bad auth key (3 chars)", { code: "unauthorized", retryable: false }],
    ["sighting add while ZeroMQ redis is down", { code: "server-error", retryable: true }],
    ["sighting plain text body", { code: "refused", retryable: false }],
    ["sighting no Accept header", { code: "redirect", retryable: false }],
  ])("%s", async (trigger, error) => {
    const { api } = await openRecorded(trigger);
    await expect(api.addSighting(seen)).rejects.toMatchObject(error);
  });

  it.each([
    [{ timestamp: 1795495446259 }, "whole seconds"],
    [{ timestamp: 0 }, "whole seconds"],
    [{ timestamp: 1.5 }, "whole seconds"],
    [{ type: 3 as 0 }, "0, 1 or 2"],
    [{ source: "x".repeat(256) }, "255"],
    [{ source: "seen \u{1f600}" }, "emoji"],
    [{ target: { attributeUuid: "7b2284-bdd8" } }, "UUID"],
    [{ target: { value: " " } }, "value"],
  ])("%j is not sent: MISP would fail, or take it for something else", async (change, detail) => {
    const { api, server } = await openRecorded("sighting by uuid in body, type 0");
    expect(await api.addSighting({ ...seen, ...change })).toEqual({
      ok: false,
      reason: "invalid",
      detail: expect.stringContaining(detail),
    });
    expect(server.received).toEqual([]);
  });
});

describe("addSightings", () => {
  const batched = (uuid: string): BatchedSighting => ({ uuid, attributeUuid, type: 0, timestamp: 1795505877 });
  const one = batched("3ceeabff-9967-4e35-bf29-d28ac9cdadd7");
  const two = batched("4ceeabff-9967-4e35-bf29-d28ac9cdadd7");

  it("as many as were sent: proven", async () => {
    const { api, server } = await openRecorded("first");
    expect(await api.addSightings(1, [one, { ...two, source: "lab" }])).toEqual({ ok: true, added: 2, proven: true });
    expect(server.received).toMatchObject([{ method: "POST", path: "/sightings/bulkSaveSightings/1" }]);
    const fields = { attribute_uuid: attributeUuid, date_sighting: "1795505877", type: "0" };
    expect(JSON.parse(server.received[0]?.body ?? "")).toEqual([
      { ...fields, uuid: one.uuid },
      { ...fields, uuid: two.uuid, source: "lab" },
    ]);
  });

  it.each([
    ["repeated identical", 0],
    ["known+new mix", 1],
    ['type "3" + good', 0],
  ])("%s: %i added, which proves nothing", async (trigger, added) => {
    const { api } = await openRecorded(trigger);
    expect(await api.addSightings(1, [one, two])).toEqual({ ok: true, added, proven: false });
  });

  it("a number in another language is a number; a text without one is none", async () => {
    let body = { saved: true, success: "2件の目撃情報が追加されました。" };
    const server = await startServer((_, response) => answer(response, 200, body));
    const api = openApi({ host: server.url });
    expect(await api.addSightings(1, [one, two])).toEqual({ ok: true, added: 2, proven: true });
    body = { saved: false, success: "Keine der 2 Sichtungen" };
    expect(await api.addSightings(1, [one, two])).toEqual({ ok: true, added: 0, proven: false });
  });

  it("an event that the key cannot see", async () => {
    const { api } = await openRecorded("org C does not see it event id");
    expect(await api.addSightings(1, [one])).toMatchObject({
      ok: false,
      reason: "no-such-event",
      detail: expect.stringContaining("Event not found or not accessible by this user."),
    });
  });

  it.each([
    ["read-only role (no perm_sighting) event id", "forbidden"],
    ["source 300 chars alone", "server-error"],
    ["body not JSON", "refused"],
    ["get version", "unexpected-answer"],
  ])("%s: %s", async (trigger, code) => {
    const { api } = await openRecorded(trigger);
    await expect(api.addSightings(1, [one])).rejects.toMatchObject({ code });
  });

  it.each([
    [{ uuid: one.uuid }, "twice"],
    [{ uuid: two.uuid.toUpperCase() }, "uuid"],
    [{ uuid: "not-a-uuid" }, "uuid"],
    [{ attributeUuid: attributeUuid.toUpperCase() }, "attributeUuid"],
    [{ timestamp: 0 }, "timestamp"],
    [{ type: 3 as 0 }, "type"],
    [{ source: "\u{1f600}" }, "source"],
  ])("%j would silently spoil the batch, and is not sent", async (change, detail) => {
    const { api, server } = await openRecorded("first");
    expect(await api.addSightings(1, [one, { ...two, ...change }])).toEqual({
      ok: false,
      reason: "invalid",
      index: 1,
      detail: expect.stringContaining(detail),
    });
    expect(server.received).toEqual([]);
  });

  it("no sightings are no request", async () => {
    const { api, server } = await openRecorded("first");
    expect(await api.addSightings(1, [])).toEqual({ ok: true, added: 0, proven: true });
    expect(server.received).toEqual([]);
  });

  it("an id that is none is not sent: without one MISP answers as for an unknown event", async () => {
    const { api, server } = await openRecorded("first");
    for (const id of [0, -1, 1.5, Number.NaN]) await expect(api.addSightings(id, [one])).rejects.toThrow(RangeError);
    expect(server.received).toEqual([]);
  });
});

describe("findSightings", () => {
  it("by the attribute, in a window", async () => {
    const { api, server, exchange } = await openRecorded("restSearch attribute by uuid");
    const attribute = "27e8782b-d099-4f8b-8efc-f873af925e7e";
    const found = await api.findSightings(attribute, { from: 1795506296, to: 1795506297 });
    expect(found).toMatchObject([{ uuid: "b22696b2-1de2-4cfb-be52-a6e92e5a65f8", attributeId: 6, orgId: 3 }]);
    const { request } = exchange;
    expect(server.received).toMatchObject([{ method: "POST", path: request.path }]);
    expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({
      ...JSON.parse(request.body ?? ""),
      returnFormat: "json",
      from: 1795506296,
      to: 1795506297,
    });
  });

  it("nothing to be seen is an empty list; anything else is an error", async () => {
    let body: unknown = { response: [] };
    const server = await startServer((_, response) => answer(response, 200, body));
    const api = openApi({ host: server.url });
    expect(await api.findSightings(attributeUuid, { from: 1, to: 2 })).toEqual([]);
    body = {};
    await expect(api.findSightings(attributeUuid, { from: 1, to: 2 })).rejects.toMatchObject({
      code: "unexpected-answer",
    });
    await expect(api.findSightings("x", { from: 1, to: 2 })).rejects.toThrow(RangeError);
  });
});
