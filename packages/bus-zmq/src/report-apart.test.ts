import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { reportApart } from "./report-apart.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("a listener that throws does so in a turn of its own, and whoever told it goes on", () => {
  const told: string[] = [];
  const tell = reportApart((text: string) => {
    told.push(text);
    if (text === "bad") throw new Error("mine");
  });
  tell("bad");
  tell("good");
  expect(told).toEqual(["bad", "good"]);
  expect(() => vi.runAllTimers()).toThrow("mine");
});
