import { expect, it } from "vitest";
import { readStatistics } from "./statistics.ts";
import { createWatchdog } from "./watchdog.ts";

const statistics = (broker: string, join: string) =>
  readStatistics(
    JSON.stringify({
      brokers: { a: { state: "DOWN" }, b: { state: broker } },
      cgrp: { state: "up", join_state: join },
    }),
  );

it("bites when a broker is there and the group is not for longer than a join can take", () => {
  let now = 0;
  const { observe, stuck } = createWatchdog(() => now);
  const after = (ms: number, broker: string, join: string) => {
    now += ms;
    observe(statistics(broker, join));
    return stuck();
  };
  expect(after(0, "DOWN", "init")).toBe(false);
  expect(after(3_600_000, "DOWN", "init")).toBe(false);
  expect(after(1_000, "UP", "wait-join")).toBe(false);
  expect(after(300_000, "UP", "steady")).toBe(false);
  expect(after(1_000, "UP", "wait-join")).toBe(false);
  expect(after(300_000, "UP", "wait-sync")).toBe(false);
  expect(after(31_000, "UP", "wait-join")).toBe(true);
});

it("reads statistics without a group or brokers as not connected", () => {
  expect(readStatistics("{}")).toEqual({ up: false, joined: false });
});
