import { expect, it } from "vitest";
import { decodeRow } from "./decode-row.ts";

const row = {
  id: "7",
  event_id: "2",
  uuid: "5f7b2284-bdd8-4ef4-b457-032ac0a82f02",
  type: "domain",
  value: "a.example",
  timestamp: "1601906335",
};
const eventOf = (event: object) => {
  const decoded = decodeRow({ ...row, Event: event }, { requestedAtMs: 9.5 });
  return decoded.ok && decoded.changes[0]?.kind === "attribute" ? decoded.changes[0].event : decoded;
};

it("with context an event without `Tag` has no tags; without context they are unknown", () => {
  expect(eventOf({ id: "2", timestamp: "1", published: true })).toEqual({ published: true, tags: [] });
  expect(eventOf({ id: "2", published: true })).toEqual({});
});

it("a row without `Tag` and `Event` has no own tags, and says nothing about its event", () => {
  expect(decodeRow(row, { requestedAtMs: 9.5 })).toMatchObject({
    ok: true,
    changes: [{ origin: "rest", observedAtMs: 9.5, tags: [], event: {} }],
  });
});
