import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FileAccess, watchFile } from "./watch-file.ts";

describe("a watched file", () => {
  let content: string;
  let stamp: number | undefined;
  let seen: string[];
  let unreadable: string[];
  const access: FileAccess = {
    stamp() {
      if (stamp === undefined) throw Object.assign(new Error("gone"), { code: "ENOENT" });
      return String(stamp);
    },
    read: () => content,
  };
  const change = (to: string) => {
    content = to;
    stamp = (stamp ?? 0) + 1;
  };
  beforeEach(() => {
    vi.useFakeTimers();
    [content, stamp, seen, unreadable] = ["one", 1, [], []];
  });
  afterEach(() => void vi.useRealTimers());
  const watch = () =>
    watchFile("list.txt", {
      access,
      onChange: (text) => seen.push(text),
      onUnreadable: (reason) => unreadable.push(reason),
    });

  it("is read when it is first looked at, and whenever it has changed, within 5.5 s", () => {
    const watching = watch();
    vi.advanceTimersByTime(5_500);
    expect(seen).toEqual(["one"]);
    vi.advanceTimersByTime(60_000);
    expect(seen).toEqual(["one"]);
    change("two");
    vi.advanceTimersByTime(5_500);
    expect(seen).toEqual(["one", "two"]);
    watching.stop();
    change("three");
    vi.advanceTimersByTime(60_000);
    expect(seen).toEqual(["one", "two"]);
  });

  it("is not read while somebody writes it", () => {
    watch();
    vi.advanceTimersByTime(5_500);
    for (let i = 0; i < 5; i++) {
      change(`part ${i}`);
      vi.advanceTimersByTime(i === 0 ? 5_000 : 500);
    }
    expect(seen).toEqual(["one"]);
    vi.advanceTimersByTime(500);
    expect(seen).toEqual(["one", "part 4"]);
  });

  it("that is gone is told once, and read when it is there again", () => {
    watch();
    vi.advanceTimersByTime(5_500);
    const last = stamp;
    stamp = undefined;
    vi.advanceTimersByTime(30_000);
    expect(unreadable).toEqual(["ENOENT"]);
    stamp = last;
    vi.advanceTimersByTime(10_000);
    expect(seen).toEqual(["one", "one"]);
    stamp = undefined;
    vi.advanceTimersByTime(10_000);
    expect(unreadable).toEqual(["ENOENT", "ENOENT"]);
  });
});

describe("a watched file on disk", () => {
  it("is followed when another one is put in its place", async () => {
    const folder = mkdtempSync(join(tmpdir(), "watch-"));
    const path = join(folder, "list.txt");
    writeFileSync(path, "one");
    const seen: string[] = [];
    const watching = watchFile(path, {
      everyMs: 5,
      settleMs: 1,
      onChange: (text) => seen.push(text),
      onUnreadable: () => seen.push("unreadable"),
    });
    const until = async (count: number) => {
      while (seen.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
    };
    await until(1);
    writeFileSync(join(folder, "new"), "two");
    renameSync(join(folder, "new"), path);
    await until(2);
    watching.stop();
    rmSync(folder, { recursive: true });
    expect(seen).toEqual(["one", "two"]);
  });
});
