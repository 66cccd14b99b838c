import type { Sighting } from "@tb/misp-core";
import { describe, expect, it } from "vitest";
import { type MappingOptions, mapSighting, type SightingIndex } from "./map-sighting.ts";
import { defaultSource } from "./source-template.ts";
import { uuid5 } from "./uuid5.ts";

const attributeUuid = "4f7a0d01-0de8-4511-bf01-5b26d65c240c";
const uuid = "7b006f11-8c6e-45a6-b80a-2e652a75d0f3";
const sighting = (part: Partial<Sighting> = {}): Sighting => ({
  uuid,
  target: { attributeUuid },
  type: 0,
  observedAtMs: 1_609_556_646_999,
  count: 1,
  hints: {},
  ...part,
});
const options: MappingOptions = { byValue: false, maxRows: 5, source: defaultSource };
const knows: SightingIndex = { attribute: () => ({ eventId: 7 }), complete: () => true };
const empty: SightingIndex = { attribute: () => undefined, complete: () => true };
const incomplete: SightingIndex = { attribute: () => undefined, complete: () => false };

function rows(part: Partial<Sighting>, index = knows, other: Partial<MappingOptions> = {}) {
  const mapped = mapSighting(sighting(part), { ...options, ...other }, index);
  if (!mapped.ok) throw new Error(mapped.detail);
  return mapped.rows;
}

it("gives the row the sighting's uuid, the event, whole seconds and the source", () => {
  expect(rows({})).toEqual([
    { uuid, target: { attributeUuid, eventId: 7 }, type: 0, seenAt: 1_609_556_646, source: "threatbus" },
  ]);
});

describe("an attribute that the index does not know", () => {
  it("is dropped when the index is complete", () => {
    expect(mapSighting(sighting(), options, empty)).toMatchObject({ ok: false, reason: "unknown_attribute" });
  });
  it("is sent, without an event, when it is not: MISP's answer decides", () => {
    expect(rows({}, incomplete)).toMatchObject([{ target: { attributeUuid } }]);
    expect(rows({}, incomplete)[0]?.target).not.toHaveProperty("eventId");
  });
});

describe("a sighting that lost its reference", () => {
  const target = { value: "evil.example" };
  it("is dropped", () => {
    expect(mapSighting(sighting({ target }), options, knows)).toMatchObject({ ok: false, reason: "by_value_off" });
  });
  it("is sent by its value when that is wanted, whatever the index knows", () => {
    expect(rows({ target }, empty, { byValue: true })).toMatchObject([{ uuid, target }]);
  });
});

describe("the count", () => {
  it("makes that many rows, each with a uuid of its own, the same ones every time", () => {
    const three = rows({ count: 3 });
    expect(three.map((row) => row.uuid)).toEqual([uuid, uuid5(uuid, "2"), uuid5(uuid, "3")]);
    expect(new Set(three.map((row) => JSON.stringify({ ...row, uuid: "" }))).size).toBe(1);
    expect(rows({ count: 3 })).toEqual(three);
  });

  it("that has grown since adds only the rows that are new", () => {
    expect(rows({ count: 5 }).slice(0, 3)).toEqual(rows({ count: 3 }));
  });

  it("makes no more rows than allowed, and says how many are lost", () => {
    expect(mapSighting(sighting({ count: 5 }), options, knows)).toMatchObject({ lost: 0 });
    const mapped = mapSighting(sighting({ count: 999_999_999 }), options, knows);
    expect(mapped).toMatchObject({ ok: true, lost: 999_999_994 });
    expect(mapped.ok && mapped.rows).toHaveLength(5);
  });

  it("of 0 means that it was not seen: nothing is sent", () => {
    expect(mapSighting(sighting({ count: 0 }), options, knows)).toMatchObject({ ok: false, reason: "not_seen" });
  });

  it("does not take a false positive back, and does not multiply an expiration", () => {
    expect(rows({ type: 1, count: 0 })).toHaveLength(1);
    expect(rows({ type: 1, count: 3 })).toHaveLength(3);
    expect(rows({ type: 2, count: 3 })).toHaveLength(1);
    expect(rows({ type: 2, count: 0 })).toMatchObject([{ type: 2 }]);
  });
});

it.each(["6", "7", "8"])("replaces a uuid of version %s by one of version 5 that follows from it", (version) => {
  const newer = `7b006f11-8c6e-${version}5a6-b80a-2e652a75d0f3`;
  const [first, second] = rows({ uuid: newer, count: 2 });
  expect(first?.uuid).toBe(uuid5(newer, "1"));
  expect(second?.uuid).toBe(uuid5(newer, "2"));
  expect(first?.uuid).toMatch(/^.{14}5/);
});

it.each(["1", "2", "3", "4", "5"])("keeps a uuid of version %s", (version) => {
  const known = `7b006f11-8c6e-${version}5a6-b80a-2e652a75d0f3`;
  expect(rows({ uuid: known })[0]?.uuid).toBe(known);
});
