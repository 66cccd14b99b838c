import { createFilter } from "@tb/misp-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toDigest } from "../digest.ts";
import { parseExceptions } from "./exceptions.ts";
import { createQuality } from "./quality.ts";

let content: string;
let version: number;
let said: string[];
let changes: { digest: string; apply(): void }[];
beforeEach(() => {
  vi.useFakeTimers();
  [content, version, said, changes] = ["example.org", 1, [], []];
});
afterEach(() => void vi.useRealTimers());

const filter = createFilter([]);
const gatesOf = (lines: string) => ({
  publishedOnly: true,
  except: { file: "/list.txt", list: parseExceptions(lines).exceptions },
});
const lookAgain = () => vi.advanceTimersByTime(6_000);
function follow() {
  const quality = createQuality(
    { filter, gates: gatesOf(content) },
    {
      now: () => 0,
      say: (level, text) => said.push(`${level}: ${text}`),
      watching: { access: { stamp: () => String(version), read: () => content } },
    },
  );
  const following = quality.follow((change) => changes.push(change));
  const change = (to: string) => {
    content = to;
    version += 1;
    lookAgain();
  };
  return { quality, following, change };
}
const holdsBack = ({ quality }: ReturnType<typeof follow>, value: string) =>
  quality.gates().exceptionFor?.("domain", value) !== undefined;

describe("the list of exceptions while the program runs", () => {
  it("is in force as it was, until a changed one is applied; the other gates stay", () => {
    const followed = follow();
    followed.change("example.net");
    expect(said).toEqual(["info: /list.txt has changed: 1 exception"]);
    expect([holdsBack(followed, "example.org"), holdsBack(followed, "example.net")]).toEqual([true, false]);
    changes[0]?.apply();
    expect([holdsBack(followed, "example.org"), holdsBack(followed, "example.net")]).toEqual([false, true]);
    expect(followed.quality.gates().publishedOnly).toBe(true);
    expect(changes[0]?.digest).toBe(toDigest({ filter, gates: gatesOf("example.net") }));
  });

  it("that has changed between the configuration and the first look is noticed", () => {
    follow();
    content = "example.net";
    lookAgain();
    expect(changes).toHaveLength(1);
  });

  it("that means the same is no change", () => {
    const { change } = follow();
    change("# ours\nexample.org\n");
    expect([changes, said]).toEqual([[], []]);
  });

  it("with a line that cannot be read stays as it was, and says which", () => {
    const { change } = follow();
    change("example.net\n10.0.0.0/33\n1.2.3");
    expect(changes).toEqual([]);
    expect(said.join()).toMatch(/^error: \/list.txt: line 2: neither .*, and 1 more .* stays as it was$/);
    change("example.net");
    expect(changes).toHaveLength(1);
  });

  it("that is cut to nothing stays as it was; a comment alone empties it", () => {
    const followed = follow();
    followed.change("");
    expect(changes).toEqual([]);
    expect(said.join()).toContain("it is empty");
    followed.change("# nothing");
    changes[0]?.apply();
    expect(holdsBack(followed, "example.org")).toBe(false);
  });

  it("is followed no more once it is stopped, and not where there is none", () => {
    const { following, change } = follow();
    following.stop();
    change("example.net");
    expect(changes).toEqual([]);
    const none = createQuality({ filter, gates: {} }, { now: () => 0, say: () => undefined });
    none.follow(() => undefined).stop();
    expect(none.gates()).toEqual({});
    expect(vi.getTimerCount()).toBe(0);
  });
});
