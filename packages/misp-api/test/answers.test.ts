import { describe, expect, it } from "vitest";
import { answer, key, openApi, openRecorded, startServer } from "./server.ts";

describe("version", () => {
  it("reads MISP's answer, and asks as MISP wants to be asked", async () => {
    const { api, server } = await openRecorded("get version");
    expect(await api.version()).toEqual({
      version: "2.5.1",
      maySight: true,
      keyExpiresAtMs: undefined,
    });
    expect(server.received).toMatchObject([
      { method: "GET", path: "/servers/getVersion", headers: { authorization: key, accept: "application/json" } },
    ]);
  });

  it("says when the key expires", async () => {
    const server = await startServer((_, response) =>
      answer(response, 200, { version: "2.5.1" }, { "X-Auth-Key-Expiration": "2026-12-01T00:00:00+01:00" }),
    );
    expect(await openApi({ host: server.url }).version()).toMatchObject({
      keyExpiresAtMs: Date.UTC(2026, 10, 30, 23),
      maySight: false,
    });
  });

  it("keeps the path that MISP is installed below, with a slash behind it or not", async () => {
    const server = await startServer((_, response) => answer(response, 200, { version: "2.5.1" }));
    for (const path of ["/misp", "/misp/"]) await openApi({ host: `${server.url}${path}` }).version();
    expect(server.received.map(({ path }) => path)).toEqual(["/misp/servers/getVersion", "/misp/servers/getVersion"]);
  });

  it("an answer that is not a version, but says something, is quoted", async () => {
    const server = await startServer((_, response) => answer(response, 200, { message: `${key} is <b>bad</b>` }));
    await expect(openApi({ host: server.url }).version()).rejects.toThrow("it says: *** is <b>bad</b>");
  });

  it.each([[{}], [[]], [{ version: 2 }]])("%j is no version", async (body) => {
    const server = await startServer((_, response) => answer(response, 200, body));
    await expect(openApi({ host: server.url }).version()).rejects.toMatchObject({ code: "unexpected-answer" });
  });
});

describe("own user", () => {
  // The shape of MISP's `UsersController::view`; the key comes with it where advanced keys are off.
  const user = {
    User: { id: "7", org_id: "3", email: "bus@misp.example", authkey: key },
    Role: { name: "Sightings", perm_sighting: true, perm_sync: "0", perm_site_admin: false, enforce_rate_limit: false },
    UserSetting: {},
    Organisation: { id: "3", uuid: "028D99C8-03ec-46e7-969d-99fdd1fca24a", name: "Bank B" },
  };
  const ask = async (body: unknown) => {
    const server = await startServer((_, response) => answer(response, 200, body));
    return openApi({ host: server.url }).ownUser();
  };

  it("who it is and what its role may, without the key", async () => {
    const found = await ask(user);
    expect(found).toEqual({
      id: 7,
      org: { id: 3, name: "Bank B" },
      role: { name: "Sightings", siteAdmin: false, maySight: true, searchesPerWindow: undefined },
    });
    expect(JSON.stringify(found)).not.toContain(key);
  });

  it("a site administrator may report sightings whatever the role says; a role may have few searches", async () => {
    const Role = { perm_site_admin: 1, perm_sighting: 0, enforce_rate_limit: true, rate_limit_count: "0" };
    expect((await ask({ User: { id: 1 }, Role })).role).toMatchObject({
      siteAdmin: true,
      maySight: true,
      searchesPerWindow: 0,
    });
  });

  it("an answer without a user is none", async () => {
    await expect(ask({ Role: {} })).rejects.toMatchObject({ code: "unexpected-answer" });
  });
});

describe("event index", () => {
  it("reads the recorded list", async () => {
    const { api, server } = await openRecorded("events/index timestamp");
    const index = await api.eventIndex();
    expect(index.events[0]).toEqual({
      id: 1,
      uuid: "86ab52bb-264e-41a5-af3d-8afa003e7d30",
      timestamp: 1795506480,
      published: false,
      orgUuid: "af947d5a-666f-4320-bf0e-2e1057a7663a",
    });
    expect(index).toMatchObject({ unreadable: 0, events: { length: 2 } });
    expect(server.received).toMatchObject([{ method: "GET", path: "/events/index/minimal:1", body: "" }]);
  });

  it("an unreadable entry is counted, and takes nothing else with it", async () => {
    const event = { id: 4, uuid: "20789175-e7db-11f1-8b7a-02fc00000001", timestamp: 1, published: "1" };
    const bad = [{ ...event, id: "x" }, { ...event, timestamp: null }, { ...event, published: undefined }, 5];
    const server = await startServer((_, response) => answer(response, 200, [...bad, event]));
    expect(await openApi({ host: server.url }).eventIndex()).toMatchObject({
      unreadable: 4,
      events: [{ id: 4, published: true, orgUuid: undefined }],
    });
  });

  it("an event whose UUID is of no known version is listed: to miss it would look like its end", async () => {
    const event = { id: 4, uuid: "20789175-E7DB-01f1-0b7a-02fc00000001", timestamp: 1, published: true };
    const server = await startServer((_, response) => answer(response, 200, [event]));
    expect(await openApi({ host: server.url }).eventIndex()).toMatchObject({
      unreadable: 0,
      events: [{ uuid: "20789175-e7db-01f1-0b7a-02fc00000001" }],
    });
  });

  it("counts as observed when it was asked for", async () => {
    let now = 5_000.5;
    const server = await startServer((_, response) => {
      now = 9_000;
      answer(response, 200, []);
    });
    const index = await openApi({ host: server.url, now: () => now }).eventIndex();
    expect(index).toEqual({
      events: [],
      unreadable: 0,
      requestedAtMs: 5_000.5,
      serverTimeMs: expect.any(Number),
    });
  });

  it("an object is no list", async () => {
    const { api } = await openRecorded("sighting GET");
    await expect(api.eventIndex()).rejects.toMatchObject({ code: "unexpected-answer", retryable: true });
  });
});

describe("tags", () => {
  it("reads the tags that have an id and a name", async () => {
    const Tag = [
      { id: "1", name: "tlp:amber", exportable: true },
      { id: 2, name: "internal", exportable: "0", count: 5 },
      { id: 3, name: "old" },
      { id: 4, name: "" },
      null,
    ];
    const server = await startServer((_, response) => answer(response, 200, { Tag }));
    expect(await openApi({ host: server.url }).tags()).toEqual([
      { id: 1, name: "tlp:amber", exportable: true },
      { id: 2, name: "internal", exportable: false },
      { id: 3, name: "old", exportable: undefined },
    ]);
    expect(server.received[0]?.path).toBe("/tags/index/exclude_statistics:1");
  });

  it("an answer without a list is none", async () => {
    const { api } = await openRecorded("get version");
    await expect(api.tags()).rejects.toMatchObject({ code: "unexpected-answer" });
  });
});
