import { expect, it } from "vitest";
import { createChance, hugeFrame, mutateFrame } from "../test/mutate-frame.ts";
import { recordedBodies } from "../test/recorded-bodies.ts";
import { decode } from "./decode.ts";

// The long version is `pnpm fuzz`.
it("20,000 mutated messages: each is read or refused with a reason, and nothing is thrown", () => {
  const chance = createChance(20_261_124);
  const reasons = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const [body, other] = [
      recordedBodies[chance(recordedBodies.length)],
      recordedBodies[chance(recordedBodies.length)],
    ];
    if (body === undefined || other === undefined) continue;
    const decoded = decode({ topic: "t", body: mutateFrame(body, other, chance), observedAtMs: 1 });
    const reason = decoded.ok ? "read" : decoded.reason;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    if (!decoded.ok) expect(decoded.detail.length).toBeGreaterThan(5);
  }
  // Mutations that never get past JSON.parse, or never break anything, would test nothing.
  for (const reason of [
    "read",
    "invalid_json",
    "invalid_utf8",
    "too_deep",
    "invalid_id",
    "invalid_uuid",
    "invalid_timestamp",
    "invalid_value",
    "unknown_action",
  ]) {
    expect([reason, (reasons.get(reason) ?? 0) > 10]).toEqual([reason, true]);
  }
});

it("values of 15 MB are read, of 17 MB refused", () => {
  const chance = createChance(1);
  for (let i = 0; i < 5; i++) {
    expect(decode({ topic: "t", body: hugeFrame(15_000_000, chance), observedAtMs: 1 })).toMatchObject({ ok: true });
  }
  expect(decode({ topic: "t", body: hugeFrame(17_000_000, chance), observedAtMs: 1 })).toMatchObject({
    reason: "too_large",
  });
});
