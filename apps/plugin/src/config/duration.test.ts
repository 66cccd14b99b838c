import { expect, it } from "vitest";
import { duration } from "./duration.ts";

it.each([
  [1, 1],
  [0.5, 0.5],
  ["500ms", 0.5],
  ["30s", 30],
  ["5m", 300],
  ["1.5h", 5_400],
  ["7d", 604_800],
])("%s is %d s", (written, seconds) => {
  expect(duration.parse(written)).toBe(seconds);
});

it.each([0, -1, Number.POSITIVE_INFINITY, Number.NaN, "0s", "5", "5 m", "-5m", "5M", "m", "", "1e3s", null, true])(
  "%s is no time",
  (written) => {
    expect(duration.safeParse(written).error?.issues.map(({ code }) => code)).toHaveLength(1);
  },
);
