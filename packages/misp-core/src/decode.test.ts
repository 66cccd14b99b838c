import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Change } from "./change.ts";
import { decode } from "./decode.ts";
import { decodeRow } from "./decode-row.ts";

interface Recorded {
  readonly topic: string;
  readonly trigger: string;
  readonly body: string;
}
const lines = (name: string) =>
  readFileSync(new URL(`./__fixtures__/${name}`, import.meta.url), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const recorded: readonly Recorded[] = lines("misp-notifications.ndjson");

const encoder = new TextEncoder();
const decodeText = (text: string) => decode({ topic: "t", body: encoder.encode(text), observedAtMs: 5.5 });
const decodeJson = (value: unknown) => decodeText(JSON.stringify(value));
const only = (decoded: ReturnType<typeof decode>): Change => {
  if (!decoded.ok) throw new Error(`${decoded.reason}: ${decoded.detail}`);
  expect(decoded.changes).toHaveLength(1);
  return decoded.changes[0] as Change;
};
/** The change of the recorded message with this trigger. */
const of = (trigger: string, topic = "misp_json_attribute") => {
  const found = recorded.find((message) => message.topic === topic && message.trigger.startsWith(trigger));
  if (found === undefined) throw new Error(`nothing recorded for ${trigger}`);
  return only(decodeText(found.body));
};

const uuid = "5f7b2284-bdd8-4ef4-b457-032ac0a82f02";
const attribute = {
  id: "7",
  event_id: "2",
  uuid,
  type: "domain",
  value: "a.example",
  to_ids: true,
  timestamp: "1601906335",
};
const message = (part: object = {}, action = "edit") => ({ Attribute: { ...attribute, ...part }, action });

describe("attribute messages: one test per row of what MISP does", () => {
  it("add: content and event, and nothing about tags, which are attached later", () => {
    expect(of("attribute add ip-dst 203.0.113.0/24")).toEqual({
      kind: "attribute",
      origin: "live",
      observedAtMs: 5.5,
      attributeId: 3,
      eventId: 1,
      uuid: "3959093e-f426-49f7-827c-a89bc4c0dffc",
      content: {
        type: "ip-dst",
        value: "203.0.113.0/24",
        category: "Network activity",
        comment: "",
        toIds: true,
        deleted: false,
        timestamp: 1_795_494_395,
        distribution: 5,
        objectDistribution: 5,
      },
      event: {
        uuid: "5511920b-ef6c-4283-bd4a-85a7642a931d",
        info: 'Phishing wave against "Bank" – ünïcode <b>& slashes /x',
        orgId: 1,
        ownerOrgId: 1,
        orgUuid: "3b53361a-72a6-470d-8035-ffc51285a83d",
        orgName: "ORGNAME",
        distribution: 1,
      },
    });
  });

  it("edit: the complete tag list; none when `Tag` is absent", () => {
    expect(of("attribute edit after tagging")).toMatchObject({
      kind: "attribute",
      tags: [
        { id: 2, name: "tlp:amber", exportable: true, local: false },
        { id: 1 },
        { id: 3, local: true, exportable: false },
      ],
    });
    expect(of("attribute edit value")).toMatchObject({ tags: [], content: { value: "evil2.example.com" } });
  });

  it("soft delete, also inside an object, and edit with deleted: deleted", () => {
    expect(of("soft delete by uuid")).toMatchObject({ kind: "attribute", content: { deleted: true }, tags: [] });
    expect(of("delete object (soft)")).toMatchObject({ content: { deleted: true } });
    expect(of("attribute edit deleted=1")).toMatchObject({ content: { deleted: true } });
  });

  it("restore: not deleted any more", () => {
    expect(of("restore")).toMatchObject({ kind: "attribute", content: { deleted: false } });
  });

  it("hard delete: only the raw row, with no event and no tags", () => {
    const change = of("hard delete after soft delete");
    expect(change).toMatchObject({ kind: "attribute-deleted", attributeId: 16, eventId: 1 });
    expect(change).not.toHaveProperty("event");
    expect(change).not.toHaveProperty("tags");
  });

  it("`published` in an attribute message is stale, and is left out", () => {
    const change = of("attribute edit after publish");
    expect(recorded.find(({ trigger }) => trigger.startsWith("attribute edit after publish"))?.body).toContain(
      '"published":true',
    );
    expect(change.kind === "attribute" && "published" in change.event).toBe(false);
  });

  it("a sanitised soft delete says that it is one", () => {
    expect(
      only(decodeJson(message({ type: "comment", value: "deleted", to_ids: false, deleted: false }, "soft-delete"))),
    ).toMatchObject({ content: { type: "comment", value: "deleted", toIds: false, deleted: true } });
  });
});

describe("other messages", () => {
  it("tags come and go by numeric id", () => {
    expect(of("attach local tag to attribute", "misp_json_tag")).toEqual({
      kind: "tag-attached",
      origin: "live",
      observedAtMs: 5.5,
      tag: { id: 3, name: "local-only", exportable: false },
      target: { attributeId: 1 },
    });
    expect(of("tag the event", "misp_json_tag")).toMatchObject({
      kind: "tag-attached",
      tag: { local: false },
      target: { eventId: 1 },
    });
    expect(of("untag the event", "misp_json_tag")).toMatchObject({ kind: "tag-detached", target: { eventId: 1 } });
    expect(of("add tag tlp:amber", "misp_json_tag")).toMatchObject({
      kind: "tag-renamed",
      tag: { id: 2, name: "tlp:amber" },
    });
    const [deleted, detached] = recorded
      .filter(({ trigger }) => trigger.startsWith("tag delete"))
      .map(({ body }) => only(decodeText(body)));
    expect(deleted).toMatchObject({ kind: "tag-deleted", tag: { id: 1 } });
    expect(detached).toMatchObject({ kind: "tag-detached", target: { attributeId: 20 } });
  });

  it("an event message has the complete tag list, and `published` that can be believed", () => {
    expect(of("edit event (info)", "misp_json_event")).toMatchObject({
      kind: "event",
      eventId: 1,
      event: {
        info: "new info",
        published: false,
        orgId: 1,
        orgName: "ORGNAME",
        tags: [{ id: 2, name: "tlp:amber", local: false }],
      },
    });
  });

  it("an event's deletion", () => {
    expect(of("delete event (54 attributes)", "misp_json_event")).toEqual({
      kind: "event-deleted",
      origin: "live",
      observedAtMs: 5.5,
      eventId: 2,
    });
  });

  it("a publish message says that its event is published, and nothing about attributes and tags, which can be old", () => {
    const change = of("alert (publish with e-mail)", "misp_json");
    expect(change).toMatchObject({
      kind: "event",
      eventId: 1,
      event: { published: true, orgId: 1, uuid: "5511920b-ef6c-4283-bd4a-85a7642a931d" },
    });
    expect(change.kind === "event" && "tags" in change.event).toBe(false);
  });

  it("Kafka's publish record, in MISP's raw shape, says the same; unpublish the contrary", () => {
    const record = lines("misp-kafka.ndjson").find(({ topic }) => topic === "misp_event_publish");
    expect(only(decodeText(record.value))).toMatchObject({ kind: "event", event: { published: true, orgId: 2 } });
    expect(only(decodeJson({ ...JSON.parse(record.value), action: "unpublish" }))).toMatchObject({
      event: { published: false },
    });
    expect(only(decodeJson({ ...JSON.parse(record.value), action: "delete" }))).toMatchObject({
      kind: "event-deleted",
    });
  });

  it("sightings, objects and heartbeats are understood and not needed", () => {
    for (const topic of ["misp_json_sighting", "misp_json_object"]) {
      for (const { body } of recorded.filter((m) => m.topic === topic))
        expect(decodeText(body)).toEqual({ ok: true, changes: [] });
    }
    expect(decodeJson({ status: "And when you're dead I will be still alive.", uptime: 259 })).toEqual({
      ok: true,
      changes: [],
    });
  });

  it("every recorded message is read, over ZeroMQ and over Kafka", () => {
    const kinds = new Map<string, number>();
    const bodies = [
      ...recorded.map(({ body }) => body),
      ...lines("misp-kafka.ndjson").map(({ value }) => value as string),
    ];
    for (const body of bodies) {
      const decoded = decodeText(body);
      if (!decoded.ok) throw new Error(`${decoded.reason}: ${decoded.detail}: ${body.slice(0, 200)}`);
      for (const { kind } of decoded.changes) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect(Object.fromEntries(kinds)).toMatchInlineSnapshot(`
      {
        "attribute": 538,
        "attribute-deleted": 4,
        "event": 25,
        "event-deleted": 4,
        "tag-attached": 13,
        "tag-deleted": 1,
        "tag-detached": 5,
        "tag-renamed": 3,
      }
    `);
  });
});

describe("MISP's drift", () => {
  it('ids and timestamps as integers, booleans as 1 and "1"', () => {
    const strings = only(decodeJson(message({ deleted: "0" })));
    expect(only(decodeJson(message({ id: 7, event_id: 2, timestamp: 1_601_906_335, to_ids: 1, deleted: 0 })))).toEqual(
      strings,
    );
    expect(only(decodeJson(message({ to_ids: "1", deleted: false })))).toEqual(strings);
  });

  it("to_ids absent or null is not set", () => {
    for (const toIds of [undefined, null, "", "false", "true", 2, {}]) {
      expect(only(decodeJson(message({ to_ids: toIds })))).toMatchObject({ content: { toIds: false } });
    }
  });

  it("Tag and Event absent or null", () => {
    for (const part of [{}, { Tag: null }, { Tag: "x" }])
      expect(only(decodeJson(message(part)))).toMatchObject({ tags: [], event: {} });
    expect(only(decodeJson({ ...message(), Event: null }))).toMatchObject({ event: {} });
  });

  it("a tag without id or name is left out, and the rest is read", () => {
    const change = only(decodeJson(message({ Tag: [{ id: "1" }, { name: "x" }, null, 5, { id: "2", name: "ok" }] })));
    expect(change).toMatchObject({ tags: [{ id: 2, name: "ok" }] });
  });

  it("an upper-case uuid becomes lower case; value1 and value2 stand in for a missing value", () => {
    const change = only(decodeJson(message({ uuid: uuid.toUpperCase(), value: undefined, value1: "a", value2: "b" })));
    expect(change).toMatchObject({ uuid, content: { value: "a|b" } });
  });
});

describe("refusals", () => {
  const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  it.each<[string, string, string]>([
    ["broken JSON", "{", "invalid_json"],
    ["an empty body", "", "invalid_json"],
    ["a list", "[]", "unknown_shape"],
    ["null", "null", "unknown_shape"],
    ["an object with nothing we know", '{"x":1}', "unknown_shape"],
    ["deep nesting", `{"Attribute":${deep(100_000)}}`, "too_deep"],
    ["deep nesting by objects", `${'{"a":'.repeat(70)}1${"}".repeat(70)}`, "too_deep"],
    ["an unknown attribute action", JSON.stringify(message({}, "frobnicate")), "unknown_action"],
    ["no attribute action", JSON.stringify({ Attribute: attribute }), "unknown_action"],
    ["an unknown tag action", '{"Tag":{"id":"1","name":"x"},"action":"frob"}', "unknown_action"],
    ["an unknown event action", '{"Event":{"id":"1"},"action":"frob"}', "unknown_action"],
    ["a tag without a name", '{"Tag":{"id":"1"},"action":"add"}', "invalid_tag"],
    [
      "a tag on an attribute without an id",
      '{"Tag":{"id":"1","name":"x"},"action":"attached to attribute"}',
      "invalid_id",
    ],
    ["an event without an id", '{"Event":{},"action":"edit"}', "invalid_id"],
    ...["0", "-1", "1.5", "7b2284", "", null, undefined, {}, 2 ** 48, 2 ** 60].map((id): [string, string, string] => [
      `the id ${JSON.stringify(id)}`,
      JSON.stringify(message({ id })),
      "invalid_id",
    ]),
    ...[
      "",
      "x",
      uuid.slice(1),
      `{${uuid}}`,
      uuid.replaceAll("-", ""),
      "00000000-0000-0000-0000-000000000000",
      uuid.replace("-b457", "-c457"),
      undefined,
    ].map((bad): [string, string, string] => [
      `the uuid ${bad}`,
      JSON.stringify(message({ uuid: bad })),
      "invalid_uuid",
    ]),
    ...["", "1601906335000000", -1, 1.5, "2020-10-05T13:58:55Z", null, undefined, 253_402_300_800].map(
      (timestamp): [string, string, string] => [
        `the timestamp ${timestamp}`,
        JSON.stringify(message({ timestamp })),
        "invalid_timestamp",
      ],
    ),
    ...["", 5, null, undefined, []].map((type): [string, string, string] => [
      `the type ${JSON.stringify(type)}`,
      JSON.stringify(message({ type })),
      "invalid_type",
    ]),
    ...["", 12, null, undefined, {}].map((value): [string, string, string] => [
      `the value ${JSON.stringify(value)}`,
      JSON.stringify(message({ value })),
      "invalid_value",
    ]),
    ["a lone surrogate in the value", JSON.stringify(message()).replace("a.example", "\\ud800"), "invalid_value"],
  ])("%s", (_, text, reason) => {
    expect(decodeText(text)).toMatchObject({ ok: false, reason });
  });

  it("milliseconds are no seconds", () => {
    expect(decodeJson(message({ timestamp: "1601906335000" }))).toMatchObject({
      ok: false,
      reason: "invalid_timestamp",
    });
  });

  it("a ZeroMQ frame without a space has no topic", () => {
    expect(decode({ topic: "", body: encoder.encode("misp_json_attribute"), observedAtMs: 1 })).toMatchObject({
      reason: "no_topic",
    });
  });

  it("bytes that are not UTF-8", () => {
    expect(decode({ topic: "t", body: new Uint8Array([0x7b, 0xff, 0xfe]), observedAtMs: 1 })).toMatchObject({
      reason: "invalid_utf8",
    });
  });

  it("more than 16 MiB", () => {
    const body = encoder.encode(`{"status":"x"}`.padEnd(16 * 1024 * 1024 + 1));
    expect(decode({ topic: "t", body: body.subarray(0, -1), observedAtMs: 1 })).toEqual({ ok: true, changes: [] });
    expect(decode({ topic: "t", body, observedAtMs: 1 })).toEqual({
      ok: false,
      reason: "too_large",
      detail: "16777217 bytes on t, more than 16777216",
    });
  });

  it("`__proto__` and `constructor` keys do nothing", () => {
    const text = JSON.stringify(message()).replace(
      '"type"',
      '"__proto__":{"to_ids":true,"polluted":1},"constructor":1,"type"',
    );
    expect(only(decodeText(text))).toMatchObject({ kind: "attribute", content: { value: "a.example" } });
    expect({}).not.toHaveProperty("polluted");
    expect(decodeText('{"__proto__":{"Attribute":{}}}')).toMatchObject({ ok: false, reason: "unknown_shape" });
  });

  it("the detail is short and harms no terminal", () => {
    const decoded = decodeText(JSON.stringify(message({ uuid: `\u001b[2J\r\n\u009b${"x".repeat(500)}` })));
    if (decoded.ok) throw new Error("was read");
    expect(decoded.detail.length).toBeLessThan(150);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    expect(decoded.detail).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});

describe("rows of MISP's REST API", () => {
  const rows = lines("misp-rows.ndjson").map(({ row }) => row);

  it("every recorded row is read, and its own tags are complete", () => {
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) {
      const change = only(decodeRow(row, { requestedAtMs: 9 }));
      expect(change).toMatchObject({
        kind: "attribute",
        origin: "rest",
        observedAtMs: 9,
        uuid: row.uuid,
        content: { value: row.value, deleted: row.deleted },
      });
      const own = (row.Tag ?? []).filter((tag: { inherited?: number }) => tag.inherited !== 1);
      expect(change.kind === "attribute" && change.tags?.map(({ id }) => id)).toEqual(
        own.map((tag: { id: string }) => Number(tag.id)),
      );
    }
  });

  it("with context the event's tags and `published` are known, without it they are not", () => {
    const known = rows.map((row) => {
      const change = only(decodeRow(row, { requestedAtMs: 9 }));
      return (
        change.kind === "attribute" && [
          "tags" in change.event,
          "published" in change.event,
          row.Event?.timestamp !== undefined,
        ]
      );
    });
    expect(new Set(known.map(String))).toEqual(new Set(["true,true,true", "false,false,false"]));
  });

  it("something else than a row is refused", () => {
    for (const row of [null, [], "x", 5, {}]) expect(decodeRow(row, { requestedAtMs: 9 }).ok).toBe(false);
  });
});
