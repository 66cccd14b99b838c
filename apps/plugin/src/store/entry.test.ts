import { type IndexEntry, noFormer } from "@tb/misp-core";
import { exampleEntry } from "@tb/misp-core/testing";
import { expect, it } from "vitest";
import { decodeEntry, encodeEntry } from "./entry.ts";

const plain = exampleEntry(1);

it("gives back what has a distribution, an end, a due time and former patterns, and what has none", () => {
  const full: IndexEntry = {
    ...plain,
    content: { ...plain.content, distribution: 0, objectDistribution: 5 },
    announced: { ...(plain.announced as NonNullable<IndexEntry["announced"]>), validUntilMs: 9_000 },
    dueAtMs: 9_000,
    former: [{ pattern: "F", patternType: "yara", name: "f", modifiedMs: 8, atMs: 9.5 }],
  };
  for (const entry of [full, plain]) expect(decodeEntry(encodeEntry(entry))).toStrictEqual(entry);
});

it("reads what was written before entries had them", () => {
  const stored = encodeEntry(plain).slice(0, 17) as unknown[];
  stored[3] = (stored[3] as unknown[]).slice(0, 7);
  stored[9] = (stored[9] as unknown[]).slice(0, 9);
  expect(decodeEntry(stored)).toStrictEqual(plain);
});

it("writes nothing for former patterns where there are none, and reads them as one shared list", () => {
  const stored = encodeEntry(plain);
  expect(stored).toHaveLength(18);
  expect(decodeEntry(stored).former).toBe(noFormer);
});
