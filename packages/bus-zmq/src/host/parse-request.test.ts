import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRequest } from "./parse-request.ts";

const parse = (request: unknown) =>
  parseRequest([Buffer.from(typeof request === "string" ? request : JSON.stringify(request))]);
const subscription = (topic: unknown, snapshot?: unknown) => {
  const parsed = parse({ action: "subscribe", topic, snapshot });
  if (!parsed.ok || parsed.request.action !== "subscribe") throw new Error(JSON.stringify(parsed));
  return { wants: [...parsed.request.wants], days: parsed.request.snapshotDays };
};

describe("a management request", () => {
  it.each([
    ["stix2/indicator", ["indicator"]],
    ["stix2/sighting", ["sighting"]],
    ["stix2/", ["indicator", "sighting"]],
    ["stix2", ["indicator", "sighting"]],
    ["stix2/i", ["indicator"]],
    [
      ["stix2/sighting", "stix2/indicator"],
      ["sighting", "indicator"],
    ],
    [
      ["stix2/indicator", "stix2"],
      ["indicator", "sighting"],
    ],
    ["foo/bar", []],
    ["stix2/indicators", []],
  ])("subscribes to topics as prefixes: %j", (topic, wants) => {
    expect(subscription(topic).wants).toEqual(wants);
  });

  it.each([
    [undefined, 0],
    [0, 0],
    [30, 30],
    [0.5, 0],
    ["3", 3],
    [true, 1],
    [1e5, 3_650],
  ])("takes a snapshot of %j days as %d", (snapshot, days) => {
    expect(subscription("stix2/indicator", snapshot).days).toBe(days);
  });

  it.each([[-1], [-0.1], ["x"], [null], [[1]], [{}], ["-1"], ["1e3"], ["9".repeat(400)], [1e7]])(
    "refuses a snapshot of %j days",
    (snapshot) => {
      expect(parse({ action: "subscribe", topic: "stix2/indicator", snapshot })).toMatchObject({
        ok: false,
        status: "error",
      });
    },
  );

  it.each(["NaN", "Infinity", "-Infinity", "1e999"])("refuses a snapshot of %s, as Python may write it", (days) => {
    expect(parse(`{"action": "subscribe", "topic": "stix2/indicator", "snapshot": ${days}}`)).toMatchObject({
      status: "error",
    });
  });

  it.each([
    '{"action":"foo"}',
    "{}",
    '{"action":"subscribe"}',
    '{"action":"subscribe","topic":""}',
    '{"action":"subscribe","topic":[]}',
    '{"action":"heartbeat"}',
    '{"action":"unsubscribe","topic":""}',
  ])("gets the real host's `unknown request` for %s", (request) => {
    expect(parse(request)).toMatchObject({ ok: false, status: "unknown request", detail: expect.stringMatching(/\w/) });
  });

  it.each([
    "",
    "not JSON",
    "null",
    "[]",
    "3",
    '{"action":"subscribe","topic":3}',
    '{"action":"subscribe","topic":["stix2",3]}',
    '{"action":"heartbeat","topic":["a"]}',
    `{"action":"subscribe","topic":${JSON.stringify(Array(65).fill("stix2"))}}`,
    `{"action":"subscribe","topic":"${"x".repeat(257)}"}`,
  ])("gets an error for %s", (request) => {
    expect(parse(request)).toMatchObject({ ok: false, status: "error", detail: expect.stringMatching(/\w/) });
  });

  it("gets an error in two frames, in none, and when it is not UTF-8", () => {
    const heartbeat = Buffer.from('{"action":"heartbeat","topic":"x"}');
    expect(parseRequest([heartbeat])).toMatchObject({ ok: true });
    for (const frames of [[heartbeat, heartbeat], [], [Buffer.from([0xff, 0xfe])]]) {
      expect(parseRequest(frames)).toMatchObject({ ok: false, status: "error" });
    }
  });

  it("property: any bytes and any JSON get an answer", () => {
    const text = fc.oneof(
      fc.json(),
      fc.string({ unit: "binary" }),
      fc
        .record(
          {
            action: fc.oneof(fc.constantFrom("subscribe", "unsubscribe", "heartbeat"), fc.jsonValue()),
            topic: fc.oneof(fc.constantFrom("stix2/", "stix2/indicator"), fc.jsonValue()),
            snapshot: fc.oneof(fc.double(), fc.jsonValue()),
          },
          { requiredKeys: [] },
        )
        .map((request) => JSON.stringify(request)),
    );
    const frame = fc.oneof(
      text.map((value) => Buffer.from(value)),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 3 }), (frames) => {
        const parsed = parseRequest(frames);
        if (!parsed.ok) return;
        const { request } = parsed;
        if (request.action !== "subscribe") expect(request.topic).not.toBe("");
        else
          expect(
            Number.isInteger(request.snapshotDays) && request.snapshotDays >= 0 && request.snapshotDays <= 3_650,
          ).toBe(true);
      }),
    );
  });
});
