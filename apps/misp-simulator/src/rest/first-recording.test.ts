import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json } from "../messages/json.ts";
import { createMispModel } from "../model.ts";
import { createCountingUuid } from "../random/source.ts";
import { exampleKeys } from "./key.ts";
import { createRestServer, type RestServer } from "./rest-server.ts";
import { ask, fill, type RecordedExchange, readRecorded, rowsOf, shapeOf } from "./testing/replay.ts";

const recorded = readRecorded(1);

/** The first recording's attributes, as far as its exchanges name them. The others are only there for the ids. */
const known: Readonly<Record<number, { readonly uuid?: string; readonly value: string; readonly type?: string }>> = {
  1: { uuid: "77883358-0bc3-4eb3-90db-776bde1f160e", value: "198.51.100.7", type: "ip-src" },
  4: { uuid: "4f7a0d01-0de8-4511-bf01-5b26d65c240c", value: "198.51.100.8", type: "ip-dst" },
  20: { uuid: "0ea078d4-0f31-4023-95fe-039803135522", value: "c2.evil.example|8443", type: "hostname|port" },
  57: { value: "198.51.100.7", type: "ip-src" },
};
const deleted = [14, 22, 35, 36, 38, 40, 41, 42, 43, 44];
const now = 1795495440;

let server: RestServer;
beforeAll(async () => {
  const model = createMispModel({ now: () => now, uuid: createCountingUuid() });
  model.addEvent({ info: "new info", uuid: "5511920b-ef6c-4283-bd4a-85a7642a931d" });
  model.addAttributes({
    eventId: 1,
    attributes: Array.from({ length: 114 + deleted.length }, (_, index) => ({
      type: "domain",
      value: `attribute-${index + 1}.example`,
      ...known[index + 1],
      deleted: deleted.includes(index + 1),
    })),
  });
  const orgOnly = { type: "domain", value: "orgonly.example", distribution: 0 };
  model.addEvent({ info: "organisation only", distribution: 0 });
  model.addAttribute({ eventId: 2, ...orgOnly });
  for (const info of ["third", "fourth", "fifth", "big"]) model.addEvent({ info });
  fill(model, 6, 1000);
  server = await createRestServer(model, { now: () => now });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Who asked, and how: the recording says it in words. */
function manner(trigger: string): { readonly key: string | undefined; readonly headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  if (trigger.includes("form-encoded")) headers["content-type"] = "application/x-www-form-urlencoded";
  if (trigger.includes("no Accept")) headers["accept"] = "*/*";
  if (trigger.includes("bad auth key")) return { key: "abc", headers };
  if (trigger.includes("no key")) return { key: undefined, headers };
  if (/read-?only/.test(trigger)) return { key: exampleKeys.readOnly.key, headers };
  if (trigger.includes("other org")) return { key: exampleKeys.other.key, headers };
  return { key: exampleKeys.own.key, headers };
}

function repeat({ trigger, request: { method, path, body } }: RecordedExchange) {
  return ask(server, { method, path, body, ...manner(trigger) });
}

const elsewhere = ["/attributes/edit/4", "/sightings/index/4", "/sightings/delete/40"];
const sightings = recorded.filter(
  ({ request, trigger }) =>
    !request.path.includes("restSearch") && !elsewhere.includes(request.path) && !trigger.includes("redis is down"),
);

describe("the first recording, without its searches", () => {
  it("is long", () => expect(sightings.length).toBeGreaterThan(40));

  it.each(sightings.map((exchange) => [exchange.trigger, exchange] as const))("%s", async (_trigger, exchange) => {
    const reply = await repeat(exchange);
    expect(reply.status).toBe(exchange.status);
    expect(reply.headers.get("content-type")).toBe(exchange.headers["Content-Type"]);
    if (exchange.headers["Location"]) expect(reply.headers.get("location")).toBe(`${server.url}/users/login`);
    const body = exchange.body ?? "";
    if (!body.includes('"Sighting"') && !body.includes('"version"')) {
      expect(reply.text).toBe(body);
      return;
    }
    const [here, there] = [reply.json(), JSON.parse(body) as Json];
    expect(shapeOf(here)).toEqual(shapeOf(there));
    // Indented by four, slashes and umlauts as they are: only what MISP chose differs.
    const fixed = (text: string) => text.replace(/("(?:id|uuid|date_sighting)": )"[^"]*"/g, "$1…");
    if ("Sighting" in there) expect(fixed(reply.text)).toBe(fixed(body));
    const { timestamp } = exchange.request.body?.startsWith("{") ? JSON.parse(exchange.request.body) : {};
    if (typeof timestamp === "number") expect(here).toMatchObject({ Sighting: { date_sighting: String(timestamp) } });
  });
});

const searches = recorded.filter(({ request }) => request.path.startsWith("/attributes/restSearch"));

describe("the first recording's searches", () => {
  it.each(searches.map((exchange) => [exchange.trigger, exchange] as const))("%s", async (trigger, exchange) => {
    const reply = await repeat(exchange);
    expect(reply.status).toBe(exchange.status);
    for (const name of ["Content-Type", "X-Skipped-Elements-Count", "X-Response-Format"]) {
      expect(reply.headers.get(name)).toBe(exchange.headers[name] ?? null);
    }
    // What else that MISP held decides only these.
    if (!/^restSearch (type list|last 1d|tags)/.test(trigger)) {
      expect(reply.headers.get("X-Result-Count")).toBe(exchange.headers["X-Result-Count"] ?? null);
    }
    const there = exchange.value ?? (exchange.body && JSON.parse(exchange.body));
    if (exchange.status !== 200) return expect(reply.text).toBe(exchange.body);
    if (there === undefined) return undefined;
    const [row, here] = [rowsOf(there)[0], rowsOf(reply.json())[0]];
    const withoutOptional = ({ Tag, ...rest }: Json) => shapeOf(rest);
    if (row && here) expect(withoutOptional(here)).toEqual(withoutOptional(row));
    return undefined;
  });
});
