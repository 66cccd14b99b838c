import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLossReport } from "./loss-report.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("says the first loss at once, what follows summed up, and is silent when nothing does", () => {
  const said: number[] = [];
  const losses = createLossReport((lost) => said.push(lost));
  for (let i = 0; i < 10; i++) losses.add();
  expect(said).toEqual([1]);
  vi.advanceTimersByTime(1_000);
  expect(said).toEqual([1, 9]);
  losses.add();
  expect(said).toEqual([1, 9]);
  vi.advanceTimersByTime(60_000);
  expect(said).toEqual([1, 9, 1]);
  losses.add();
  expect(said).toEqual([1, 9, 1, 1]);
});

it("says the rest when it is closed, and leaves no timer", () => {
  const said: number[] = [];
  const losses = createLossReport((lost) => said.push(lost));
  losses.add();
  losses.add();
  losses.close();
  losses.close();
  expect(said).toEqual([1, 1]);
  expect(vi.getTimerCount()).toBe(0);
});
