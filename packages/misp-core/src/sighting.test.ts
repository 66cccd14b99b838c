import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSighting, type Sighting } from "./sighting.ts";

const attributeUuid = "4f7a0d01-0de8-4511-bf01-5b26d65c240c";
const uuid = "7b006f11-8c6e-45a6-b80a-2e652a75d0f3";
const lost = "note--00000000-0000-4000-8000-000000000000";

/** As VAST's live matcher builds it. */
const object = (part: Record<string, unknown> = {}): Record<string, unknown> => ({
  type: "sighting",
  spec_version: "2.1",
  id: `sighting--${uuid}`,
  created: "2021-01-02T03:05:00.000Z",
  modified: "2021-01-02T03:05:00.000Z",
  last_seen: "2021-01-02T03:04:06Z",
  sighting_of_ref: `indicator--${attributeUuid}`,
  ...part,
});

function parsed(part: Record<string, unknown> = {}): Sighting {
  const result = parseSighting(object(part));
  if (!result.ok) throw new Error(`${result.reason}: ${result.detail}`);
  return result.sighting;
}

it("reads what a detection tool reports", () => {
  const context = { x_threatbus_source: "VAST", x_threatbus_match_type: "LIVE", description: "seen", count: 3 };
  expect(parsed(context)).toEqual({
    uuid,
    target: { attributeUuid },
    type: 0,
    observedAtMs: Date.UTC(2021, 0, 2, 3, 4, 6),
    count: 3,
    hints: { source: "VAST", matchType: "LIVE", description: "seen" },
  });
});

it("leaves out what the tool did not say, and counts once", () => {
  expect(parsed()).toMatchObject({ count: 1, type: 0, hints: {} });
});

it("writes both UUIDs in lower case, since MISP skips upper case silently", () => {
  const upper = { id: `sighting--${uuid.toUpperCase()}`, sighting_of_ref: `indicator--${attributeUuid.toUpperCase()}` };
  expect(parsed(upper)).toMatchObject({ uuid, target: { attributeUuid } });
});

describe("the time", () => {
  const ms = (year: number) => Date.UTC(year, 0, 1);
  const times = { last_seen: "2023-01-01T00:00:00Z", first_seen: "2022-01-01T00:00:00Z" };

  it("is last_seen, else first_seen, else created", () => {
    const created = "2021-01-01T00:00:00Z";
    expect(parsed({ ...times, created }).observedAtMs).toBe(ms(2023));
    expect(parsed({ ...times, created, last_seen: undefined }).observedAtMs).toBe(ms(2022));
    expect(parsed({ created, last_seen: null }).observedAtMs).toBe(ms(2021));
  });

  it.each([
    ["a time that cannot be read, instead of taking another", { ...times, last_seen: "yesterday" }],
    ["seconds", { last_seen: 1_609_556_646 }],
    ["none at all", { last_seen: undefined, created: undefined }],
    ["the epoch: MISP drops the whole batch for a time of 0", { last_seen: "1970-01-01T00:00:00.999Z" }],
    ["before the epoch", { last_seen: "1969-12-31T23:59:59Z" }],
  ])("is refused: %s", (_, part) => {
    expect(parseSighting(object(part))).toMatchObject({ ok: false, reason: "invalid_timestamp" });
  });
});

describe("the kind", () => {
  it.each([
    ["sighting", 0],
    ["false-positive", 1],
    ["expiration", 2],
    ["0", 0],
    ["1", 1],
    ["2", 2],
    [0, 0],
    [1, 1],
    [2, 2],
    [null, 0],
  ])("%j is %i", (x_misp_sighting_type, type) => {
    expect(parsed({ x_misp_sighting_type }).type).toBe(type);
  });

  it.each([3, "3", "false positive", true, ["1"], {}])("%j is refused", (x_misp_sighting_type) => {
    expect(parseSighting(object({ x_misp_sighting_type }))).toMatchObject({ ok: false, reason: "invalid_type" });
  });
});

describe("the count", () => {
  it.each([0, 1, 999_999_999])("%i is taken", (count) => {
    expect(parsed({ count }).count).toBe(count);
  });
  it.each([-1, 1.5, "3", 1_000_000_000, Number.NaN, true])("%j is refused", (count) => {
    expect(parseSighting(object({ count }))).toMatchObject({ ok: false, reason: "invalid_count" });
  });
});

describe("what was sighted", () => {
  it("is the value when the tool lost the reference", () => {
    const target = { sighting_of_ref: lost, x_threatbus_indicator_value: " evil.example\n" };
    expect(parsed(target).target).toEqual({ value: "evil.example" });
  });

  it("is never the value when there is a reference", () => {
    expect(parsed({ x_threatbus_indicator_value: "evil.example" }).target).toEqual({ attributeUuid });
  });

  it.each([
    ["unsupported_reference", { sighting_of_ref: `malware--${attributeUuid}` }],
    ["unsupported_reference", { sighting_of_ref: `note--${attributeUuid}`, x_threatbus_indicator_value: "x" }],
    ["unsupported_reference", { sighting_of_ref: undefined }],
    ["unsupported_reference", { sighting_of_ref: [`indicator--${attributeUuid}`] }],
    ["invalid_reference", { sighting_of_ref: "indicator--7" }],
    ["invalid_reference", { sighting_of_ref: `indicator--${attributeUuid}\n` }],
    ["invalid_reference", { sighting_of_ref: "indicator--00000000-0000-0000-0000-000000000000" }],
    ["lost_reference", { sighting_of_ref: lost }],
    ["lost_reference", { sighting_of_ref: lost, x_threatbus_indicator_value: "  " }],
    ["lost_reference", { sighting_of_ref: lost, x_threatbus_indicator_value: 7 }],
    ["lost_reference", { sighting_of_ref: lost, x_threatbus_indicator_value: "x".repeat(65_536) }],
    ["lost_reference", { sighting_of_ref: lost, x_threatbus_indicator_value: "\ud800" }],
  ])("refuses with %s: %j", (reason, part) => {
    expect(parseSighting(object(part))).toMatchObject({ ok: false, reason });
  });
});

it.each([
  ["not_a_sighting", { type: "indicator" }],
  ["not_a_sighting", { type: undefined }],
  ["invalid_id", { id: undefined }],
  ["invalid_id", { id: uuid }],
  ["invalid_id", { id: "sighting--x" }],
  ["invalid_id", { id: `indicator--${uuid}` }],
  ["revoked", { revoked: true }],
])("refuses with %s: %j", (reason, part) => {
  expect(parseSighting(object(part))).toMatchObject({ ok: false, reason });
});

it.each([undefined, null, 7, "sighting", [], [object()]])("refuses %j", (value) => {
  expect(parseSighting(value)).toMatchObject({ ok: false, reason: "not_a_sighting" });
});

it("takes no line break or control character into a detail", () => {
  for (const name of ["type", "id", "sighting_of_ref", "last_seen", "count", "x_misp_sighting_type"]) {
    const result = parseSighting(object({ [name]: "a\nb\u001b[31m" }));
    expect(result.ok).toBe(false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(JSON.stringify(result)).not.toMatch(/\\n|\\u001b|[\u0000-\u001f]/);
  }
});

it("never throws, and what it takes is in bounds, whatever the fields hold", () => {
  const names = [...Object.keys(object()), "first_seen", "count", "revoked", "x_misp_sighting_type", "description"];
  const hostile = fc.tuple(fc.constantFrom(...names), fc.oneof(fc.anything(), fc.constant(lost), fc.string()));
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 4 }), (fields) => {
      const result = parseSighting(object(Object.fromEntries(fields)));
      if (!result.ok) return;
      const { sighting } = result;
      expect(sighting.observedAtMs).toBeGreaterThanOrEqual(1000);
      expect(Number.isInteger(sighting.count)).toBe(true);
      expect(sighting.uuid).toMatch(/^[0-9a-f-]{36}$/);
    }),
  );
});
