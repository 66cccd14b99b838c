import fc from "fast-check";
import { expect, it } from "vitest";
import { parseStixTimestamp } from "./parse-timestamp.ts";
import { toStixTimestamp } from "./timestamp.ts";

it.each([
  ["2021-01-02T03:04:06Z", Date.UTC(2021, 0, 2, 3, 4, 6)],
  ["2021-01-02T03:04:06.5Z", Date.UTC(2021, 0, 2, 3, 4, 6, 500)],
  ["2021-01-02T03:04:06.123456789Z", Date.UTC(2021, 0, 2, 3, 4, 6, 123)],
  ["2021-01-02T03:04:06+02:00", Date.UTC(2021, 0, 2, 1, 4, 6)],
  ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
])("reads %s", (text, ms) => {
  expect(parseStixTimestamp(text)).toBe(ms);
});

it.each([
  "2021-02-29T00:00:00Z",
  "2100-02-29T00:00:00Z",
  "2021-04-31T00:00:00Z",
  "2021-13-01T00:00:00Z",
  "2021-01-00T00:00:00Z",
  "2021-01-01T24:00:00Z",
  "2021-01-01T00:00:60Z",
  "2021-01-01T00:00:00",
  "2021-01-01 00:00:00Z",
  "2021-01-01",
  "1609556646",
  `2021-01-01T00:00:00.${"0".repeat(100)}Z`,
  "",
  1609556646,
  null,
  undefined,
])("refuses %j", (value) => {
  expect(parseStixTimestamp(value)).toBeUndefined();
});

it("reads back what toStixTimestamp writes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
      expect(parseStixTimestamp(toStixTimestamp(ms))).toBe(ms);
    }),
  );
});
