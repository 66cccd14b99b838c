import { afterEach, beforeEach, expect, it } from "vitest";
import type { Json } from "../messages/json.ts";
import { createMispModel, type MispModel } from "../model.ts";
import { createCountingUuid } from "../random/source.ts";
import { exampleKeys } from "./key.ts";
import { createRestServer, type RestServer } from "./rest-server.ts";
import { ask, rowsOf } from "./testing/replay.ts";

const passTheKey =
  "Authentication failed. Please make sure you pass the API key of an API enabled user along in the Authorization header.";
const clock = { now: 1_800_000_000 };

let model: MispModel;
let server: RestServer;
beforeEach(async () => {
  clock.now = 1_800_000_000;
  model = createMispModel({ now: () => clock.now, uuid: createCountingUuid() });
  model.addEvent({ info: "for all", distribution: 3 });
  model.addEvent({ info: "own organisation only", distribution: 0, orgcId: 2 });
  model.addAttributes({
    eventId: 1,
    attributes: [
      { type: "domain", value: "a.example" },
      { type: "domain", value: "own.example", distribution: 0 },
    ],
  });
  model.addAttribute({ eventId: 2, type: "domain", value: "hidden.example" });
  server = await createRestServer(model, { now: () => clock.now });
});
afterEach(() => server[Symbol.asyncDispose]());

const search = (key: string, body: Json = { limit: 1000 }) =>
  ask(server, { path: "/attributes/restSearch", body, key });
const values = async (key: string) => rowsOf((await search(key)).json()).map(({ value }) => value);

it.each([
  ["no key", undefined, {}, passTheKey],
  ["a short key", "abc", {}, passTheKey],
  ["an unknown key", "x".repeat(40), {}, passTheKey],
  ["a bearer key", `Bearer ${exampleKeys.own.key}`, {}, passTheKey],
  ["an unknown key by script", "x".repeat(40), { "x-requested-with": "XMLHttpRequest" }, "Authentication failed."],
  ["an expired key", exampleKeys.expired.key, {}, "Auth key is expired"],
])("refuses %s with 403 and MISP's text, never 401", async (_what, key, headers, message) => {
  const reply = await ask(server, { path: "/servers/getVersion", key, headers });
  expect(reply.status).toBe(403);
  expect(reply.json()).toEqual({ name: message, message, url: "/servers/getVersion" });
});

it("takes the key from either header", async () => {
  const headers = { "x-misp-auth": exampleKeys.own.key };
  expect((await ask(server, { path: "/servers/getVersion", headers })).status).toBe(200);
});

it("lets a key expire, says when it will, and takes a new one, a disabled user and a revocation at once", async () => {
  const key = exampleKeys.own.key;
  server.setKey({ ...exampleKeys.own, expiresAt: clock.now + 60 });
  const reply = await search(key);
  expect(reply.headers.get("X-Auth-Key-Expiration")).toBe("2027-01-15T08:01:00+00:00");
  clock.now += 60;
  expect((await search(key)).status).toBe(403);
  server.setKey(exampleKeys.own);
  expect((await search(key)).headers.has("X-Auth-Key-Expiration")).toBe(false);
  server.setKey({ ...exampleKeys.own, disabled: true });
  expect((await search(key)).text).toContain("Your user account has been disabled.");
  server.revokeKey(key);
  expect((await search(key)).text).toContain("Please make sure you pass the API key");
});

it("shows what is organisation-only to its owner and to site admins, and is silent about it to others", async () => {
  expect(await values(exampleKeys.own.key)).toEqual(["a.example", "own.example", "hidden.example"]);
  expect(await values(exampleKeys.admin.key)).toHaveLength(3);
  expect(await values(exampleKeys.other.key)).toEqual(["a.example"]);
  expect((await search(exampleKeys.other.key, { eventid: "2" })).status).toBe(200);
});

it("narrows a key while it is in use, and gives back what was taken", async () => {
  const { key } = exampleKeys.own;
  server.narrow(key, { orgcIds: [1] });
  expect(await values(key)).toEqual(["a.example", "own.example"]);
  const index = async () => JSON.parse((await ask(server, { path: "/events/index/minimal:1", key })).text) as Json[];
  expect(await index()).toMatchObject([{ id: "1" }]);
  server.narrow(key, { withoutEvents: [1], withoutAttributes: [3] });
  expect(await values(key)).toEqual([]);
  server.narrow(key, undefined);
  expect(await values(key)).toHaveLength(3);
  expect(await index()).toHaveLength(2);
});

it("says what a key's user may do", async () => {
  const perms = async (key: string) => {
    const { Role, User, Organisation } = (await ask(server, { path: "/users/view/me", key })).json() as Record<
      string,
      Json
    >;
    return [
      Role?.["perm_sighting"],
      Role?.["perm_sync"],
      Role?.["perm_site_admin"],
      User?.["org_id"],
      Organisation?.["name"],
    ];
  };
  expect(await perms(exampleKeys.readOnly.key)).toEqual([false, false, false, "1", "Own CERT"]);
  expect(await perms(exampleKeys.other.key)).toEqual([true, false, false, "2", "Other CERT"]);
  expect(await perms(exampleKeys.sync.key)).toEqual([true, true, false, "2", "Other CERT"]);
  expect(await perms(exampleKeys.admin.key)).toEqual([true, true, true, "1", "Own CERT"]);
  const version = await ask(server, {
    path: "/servers/getVersion.json",
    key: exampleKeys.readOnly.key,
    headers: { accept: "*/*" },
  });
  expect(version.json()).toMatchObject({ version: "2.5.1", perm_sync: false, perm_sighting: false });
  expect((await ask(server, { path: "/users/view/7", key: exampleKeys.own.key })).status).toBe(404);
});

it("limits searches of a role that has a limit, attributes and events together, and refuses them all at 0", async () => {
  const { key } = exampleKeys.own;
  server.setKey({ ...exampleKeys.own, searches: { count: 2 } });
  expect((await search(key)).headers.get("X-Rate-Limit-Remaining")).toBe("1");
  expect((await ask(server, { path: "/events/restSearch", body: { limit: 1 }, key })).status).toBe(200);
  clock.now += 100;
  const refused = await search(key);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("X-Rate-Limit-Reset")).toBe("800");
  expect(refused.json()).toEqual({
    name: "Rate limit exceeded.",
    message: "Rate limit exceeded.",
    url: "/attributes/restSearch",
  });
  expect((await ask(server, { path: "/events/index/minimal:1", key })).status).toBe(200);
  clock.now += 800;
  expect((await search(key)).status).toBe(200);
  server.setKey({ ...exampleKeys.own, searches: { count: 0 } });
  const never = await search(key);
  expect([never.status, never.json()["message"]]).toEqual([405, "API searches are not allowed for this user role."]);
});

it.each(["/nothing/here", "/events/nothing", "/attributes"])("knows no %s", async (path) => {
  const reply = await ask(server, { path, key: exampleKeys.own.key });
  expect([reply.status, reply.json()]).toEqual([404, { name: "Not Found", message: "Not Found", url: path }]);
});

it("escapes what comes back in an error", async () => {
  const path = "/events/view/%3Cb%3E&";
  const { text } = await ask(server, { path: "/events/view/<b>&'", key: exampleKeys.own.key });
  expect(JSON.parse(text)).toMatchObject({ url: expect.not.stringContaining("<b>") });
  expect(JSON.parse((await ask(server, { path, key: exampleKeys.own.key })).text).url).toBe(
    "/events/view/%3Cb%3E&amp;",
  );
});

it("lists the tags with how often they hang somewhere", async () => {
  model.attachTag({ id: 1, tag: "tlp:red" });
  model.tagEvent({ id: 1, tag: "tlp:red" });
  model.addTag({ name: "unused", exportable: false });
  const key = exampleKeys.other.key;
  for (const path of ["/tags", "/tags/index"]) {
    expect((await ask(server, { path, key })).json()).toMatchObject({
      Tag: [
        { id: "1", name: "tlp:red", exportable: true, count: 1, attribute_count: 1 },
        { id: "2", name: "unused", exportable: false, count: 0, attribute_count: 0 },
      ],
    });
  }
  expect((await ask(server, { path: "/tags/view/2", key })).json()).toMatchObject({ name: "unused" });
  expect((await ask(server, { path: "/tags/view/9", key })).status).toBe(404);
});
