import { describe, expect, it } from "vitest";
import type { AttributeChange } from "./change.ts";
import type { IndexEntry } from "./index-entry.ts";
import { isInDoubt, isNewerContent } from "./precedence.ts";

const entry = (atMs: number, timestamp: number, deleted = false) =>
  ({ contentAtMs: atMs, content: { timestamp, deleted } }) as IndexEntry;
const change = (
  observedAtMs: number,
  timestamp: number,
  options: { deleted?: boolean; origin?: "live" | "rest" } = {},
) =>
  ({
    observedAtMs,
    origin: options.origin ?? "live",
    content: { timestamp, deleted: options.deleted ?? false },
  }) as AttributeChange;

describe("isNewerContent", () => {
  it("live against live: the order of observation decides, even when MISP's timestamp goes back", () => {
    expect(isNewerContent(entry(5, 100), change(6, 90))).toBe(true);
    expect(isNewerContent(entry(5, 100), change(4, 110))).toBe(false);
  });

  it("observed at the same time: the higher MISP timestamp, then the removal", () => {
    expect(isNewerContent(entry(5, 100), change(5, 101))).toBe(true);
    expect(isNewerContent(entry(5, 100), change(5, 99))).toBe(false);
    expect(isNewerContent(entry(5, 100), change(5, 100, { deleted: true }))).toBe(true);
    expect(isNewerContent(entry(5, 100, true), change(5, 100))).toBe(false);
  });

  it("a row wins over what was observed before its request, and later only with a newer MISP timestamp", () => {
    expect(isNewerContent(entry(5, 100), change(6, 100, { origin: "rest" }))).toBe(true);
    expect(isNewerContent(entry(5, 100), change(4, 100, { origin: "rest" }))).toBe(false);
    expect(isNewerContent(entry(5, 100), change(4, 101, { origin: "rest" }))).toBe(true);
  });
});

describe("isInDoubt", () => {
  const asRow = (distribution?: number): IndexEntry => {
    const row = entry(5, 100);
    const content = { ...row.content, ...(distribution === undefined ? {} : { distribution }) };
    return { ...row, content, origin: "rest" };
  };
  const live = (distribution?: number) => {
    const { tags: _, ...message } = change(6, 100, { origin: "live" });
    const content = { ...asRow().content, ...(distribution === undefined ? {} : { distribution }) };
    return { ...message, content };
  };

  it("a message may be older than the row when it lets the attribute go elsewhere", () => {
    expect(isInDoubt(asRow(0), live(3))).toBe(true);
    expect(isInDoubt(asRow(0), live(0))).toBe(false);
    expect(isInDoubt(asRow(0), live())).toBe(false);
    expect(isInDoubt(asRow(), live(3))).toBe(false);
  });
});
