import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { indicator, removal, sighting } from "../test/objects.ts";
import { checkObject } from "./check-object.ts";

describe("an object of another app", () => {
  it("is passed on as it is when it is an indicator or a sighting", () => {
    for (const object of [
      indicator(1),
      removal(1),
      sighting(1),
      indicator(1, { pattern: "alert", pattern_type: "suricata" }),
    ]) {
      expect(checkObject(object)).toEqual({ ok: true, type: object.type, object });
    }
  });

  it("may be removed and revoked, and may carry whatever else", () => {
    expect(checkObject(indicator(1, { x_threatbus_update: "REMOVE", revoked: true, x_any: null }))).toMatchObject({
      ok: true,
    });
  });

  it.each([
    [null, "not an object"],
    [[], "not an object"],
    ["indicator", "not an object"],
    [{ ...indicator(1), type: "malware" }, "neither"],
    [{ ...indicator(1), type: undefined }, "neither"],
    [indicator(1, { spec_version: undefined }), "spec_version"],
    [indicator(1, { spec_version: "2.0" }), "spec_version"],
    [indicator(1, { id: "sighting--00000000-0000-4000-8000-000000000001" }), "id"],
    [indicator(1, { id: "indicator--1" }), "UUID"],
    [indicator(1, { id: "indicator--00000000-0000-0000-0000-000000000000" }), "UUID"],
    [indicator(1, { id: 5 }), "id"],
    [indicator(1, { pattern: "" }), "pattern"],
    [indicator(1, { pattern: 3 }), "pattern"],
    [indicator(1, { pattern_type: undefined }), "pattern_type"],
    [indicator(1, { valid_until: "2021-01-01T00:00:00Z" }), "valid_until"],
    [indicator(1, { created: "yesterday" }), "created"],
    [indicator(1, { modified: "2021-13-01T00:00:00Z" }), "modified"],
    [indicator(1, { valid_from: 5 }), "valid_from"],
    [sighting(1, { last_seen: null }), "last_seen"],
  ])("is refused with the reason: %j", (object, detail) => {
    expect(checkObject(object)).toEqual({ ok: false, detail: expect.stringContaining(detail) });
  });

  it("property: of any shape gets a verdict", () => {
    const names = ["type", "spec_version", "id", "pattern", "pattern_type", "valid_from", "valid_until", "created"];
    const anything = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
    fc.assert(
      fc.property(fc.oneof(anything, fc.jsonValue()), fc.boolean(), (value, valid) => {
        const object = valid ? { ...indicator(1), ...(value as object) } : value;
        const checked = checkObject(object);
        if (checked.ok) expect(checked.object).toBe(object);
        else expect(checked.detail).toMatch(/\w/);
      }),
    );
  });
});
