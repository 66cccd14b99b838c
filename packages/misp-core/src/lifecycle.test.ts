import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Verdict } from "./evaluate.ts";
import { confirmRemovals, withdrawnAtMs } from "./former.ts";
import type { Announced, Former, IndexEntry } from "./index-entry.ts";
import { toAnnouncement, toFormerRemoval, toRemovals } from "./indicator.ts";
import { removeUnknown, settle, takeOver } from "./lifecycle.ts";
import { noTags } from "./tag-set.ts";
import { runs } from "./testing/thorough.ts";

const entry: IndexEntry = {
  id: 7,
  uuid: "5f7b2284-bdd8-4ef4-b457-032ac0a82f02",
  eventId: 1,
  content: { type: "domain", value: "a", category: "", comment: "", toIds: true, deleted: false, timestamp: 1_000 },
  contentAtMs: 1,
  origin: "live",
  seenInRest: false,
  tags: noTags,
  gone: undefined,
  announced: undefined,
  live: false,
  edit: false,
  outdated: [],
  createdMs: 0,
  modifiedMs: 0,
  removedAtMs: 0,
  sequence: 0,
  dueAtMs: 0,
  former: [],
};
const fields = (pattern: string, description?: string): Announced => ({
  pattern,
  patternType: "stix",
  name: pattern,
  ...(description === undefined ? {} : { description }),
});
const announce = (pattern: string, description?: string): Verdict => ({ announce: fields(pattern, description) });
const withhold: Verdict = { withhold: "filter" };
const confirmed = { pending: false, observedAtMs: 50 };
const pending = { pending: true, observedAtMs: 50 };
/** As after the publication was confirmed. */
const confirm = (e: IndexEntry, atMs = 70): IndexEntry => (e.outdated.length > 0 ? confirmRemovals(e, atMs) : e);

/** What goes over the bus for an entry, shortened. */
const sent = (e: IndexEntry) => {
  const last = toAnnouncement(e, {});
  return [...toRemovals(e, {}), ...(last === undefined ? [] : [last])].map((o) =>
    `${o.x_threatbus_update ?? "plain"} ${o.pattern} ${o.description ?? ""}`.trim(),
  );
};

describe("settle: one test per cell of the table in docs/architecture.md", () => {
  const told = confirm(settle(entry, announce("P"), confirmed).entry);

  it("announce, nothing told: announces", () => {
    const { entry: after, dirty } = settle(entry, announce("P"), confirmed);
    expect(dirty).toBe(true);
    expect(sent(after)).toEqual(["plain P"]);
    expect([after.createdMs, after.modifiedMs]).toEqual([1_000_000, 1_000_000]);
  });

  it("announce, pattern differs from the told one: removes, then announces plain", () => {
    const { entry: after, dirty } = settle(told, announce("Q"), confirmed);
    expect(dirty).toBe(true);
    expect(sent(after)).toEqual(["REMOVE P", "plain Q"]);
    expect(after.createdMs).toBe(told.createdMs);
  });

  it("announce, same pattern, other fields: announces again as EDIT", () => {
    const { entry: after, dirty } = settle(told, announce("P", "new comment"), confirmed);
    expect(dirty).toBe(true);
    expect(sent(after)).toEqual(["EDIT P new comment"]);
    expect(after.createdMs).toBe(told.createdMs);
    expect(after.modifiedMs).toBe(told.modifiedMs + 1);
  });

  it.each<[string, Partial<Announced>]>([
    ["name", { name: "other" }],
    ["description", { description: "other" }],
    ["labels", { labels: ["x"] }],
    ["markings", { markings: ["x"] }],
    ["confidence", { confidence: 0 }],
    ["orgUuid", { orgUuid: "x" }],
    ["eventUuid", { eventUuid: "x" }],
  ])("another %s is another content", (_, part) => {
    expect(settle(told, { announce: { ...fields("P"), ...part } }, confirmed).dirty).toBe(true);
  });

  it("announce, same content: nothing", () => {
    expect(settle(told, announce("P"), confirmed)).toEqual({ entry: told, dirty: false });
  });

  it("withhold, nothing told: nothing", () => {
    expect(settle(entry, withhold, confirmed)).toEqual({ entry, dirty: false });
  });

  it("withhold, told: removes", () => {
    const { entry: after, dirty } = settle(told, withhold, confirmed);
    expect(dirty).toBe(true);
    expect(sent(after)).toEqual(["REMOVE P"]);
    expect(after.removedAtMs).toBe(50);
  });

  it("a deletion of what was never announced leaves a tombstone and says nothing", () => {
    const gone = settle({ ...entry, gone: "attribute-deleted" }, { withhold: "deleted" }, confirmed);
    expect(gone.dirty).toBe(false);
    expect(gone.entry.removedAtMs).toBe(50);
  });
});

describe("settle, while the last publication is not confirmed", () => {
  it("an unconfirmed plain announcement stays plain when its content changes", () => {
    const first = settle(entry, announce("P"), confirmed).entry;
    expect(sent(settle(first, announce("P", "x"), pending).entry)).toEqual(["plain P x"]);
  });

  it("an unconfirmed EDIT stays an EDIT", () => {
    const told = confirm(settle(entry, announce("P"), confirmed).entry);
    const edited = settle(told, announce("P", "x"), confirmed).entry;
    expect(sent(settle(edited, announce("P", "y"), pending).entry)).toEqual(["EDIT P y"]);
  });

  it("a pattern that came and went still gets its REMOVE", () => {
    const second = settle(settle(entry, announce("P"), confirmed).entry, announce("Q"), pending).entry;
    const third = settle(second, announce("R"), pending).entry;
    expect(sent(third)).toEqual(["REMOVE P", "REMOVE Q", "plain R"]);
  });

  it("a pattern that comes back is not removed, and is announced plain", () => {
    const second = settle(settle(entry, announce("P"), confirmed).entry, announce("Q"), pending).entry;
    expect(sent(settle(second, announce("P"), pending).entry)).toEqual(["REMOVE Q", "plain P"]);
  });

  it("an announcement withdrawn before its confirmation is removed all the same", () => {
    expect(sent(settle(settle(entry, announce("P"), confirmed).entry, withhold, pending).entry)).toEqual(["REMOVE P"]);
  });
});

describe("objects of one entry", () => {
  it("a REMOVE has valid_until = modified, later than valid_from, and is not revoked", () => {
    const told = confirm(settle(entry, announce("P"), confirmed).entry);
    const [removal] = toRemovals(settle(told, withhold, confirmed).entry, {});
    expect(removal).toMatchObject({
      x_threatbus_update: "REMOVE",
      pattern: "P",
      name: "P",
      valid_from: told && removal?.created,
    });
    expect(removal?.valid_until).toBe(removal?.modified);
    expect(Date.parse(removal?.valid_until ?? "")).toBeGreaterThan(Date.parse(removal?.valid_from ?? ""));
    expect(removal).not.toHaveProperty("revoked");
  });

  it("property: modified grows strictly between different objects, created stays, an equal modified is a repeat", () => {
    const step = fc.record({
      verdict: fc.oneof(
        fc.constant(withhold),
        fc.tuple(fc.constantFrom("P", "Q", "R"), fc.constantFrom("x", "y")).map(([p, d]) => announce(p, d)),
      ),
      timestamp: fc.integer({ min: 990, max: 1_010 }),
      confirmed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let current = entry;
        let dirty = false;
        const byModified = new Map<string, string>();
        let lastNew = "";
        let created: string | undefined;
        for (const { verdict, timestamp, confirmed: isConfirmed } of steps) {
          current = { ...current, content: { ...current.content, timestamp } };
          const settled = settle(current, verdict, { pending: dirty, observedAtMs: 1 });
          current = settled.entry;
          dirty ||= settled.dirty;
          const last = toAnnouncement(current, {});
          for (const object of [...toRemovals(current, {}), ...(last === undefined ? [] : [last])]) {
            created ??= object.created;
            expect(object.created).toBe(created);
            const text = JSON.stringify(object);
            const known = byModified.get(object.modified);
            if (known !== undefined) expect(text).toBe(known);
            else expect(object.modified > lastNew).toBe(true);
            if (known === undefined) lastNew = object.modified;
            byModified.set(object.modified, text);
          }
          if (isConfirmed) {
            current = confirm(current);
            dirty = false;
          }
        }
      }),
      { numRuns: runs(2000) },
    );
  });
});

describe("former patterns", () => {
  const told = settle(entry, announce("P"), confirmed).entry;
  const edited = settle(told, announce("Q"), confirmed).entry;
  const patterns = ({ former }: IndexEntry) => former.map(({ pattern }) => pattern);

  it("are those whose REMOVE was confirmed, in the version that was sent", () => {
    const twice = settle(edited, announce("R"), pending).entry;
    const sentBefore = toRemovals(twice, {});
    const after = confirm(twice);
    expect(after.outdated).toEqual([]);
    expect(after.former.map((old) => toFormerRemoval(after, old, {}))).toEqual(sentBefore);
    expect(after.former.map(({ atMs }) => atMs)).toEqual([70, 70]);
    expect(sent(after)).toEqual(["plain R"]);
  });

  it("keep their version, whatever is announced later", () => {
    const [removal] = toRemovals(edited, {});
    const later = settle(confirm(edited), announce("Q", "x"), confirmed).entry;
    const [former] = later.former as [Former];
    expect(toFormerRemoval(later, former, {}).modified).toBe(removal?.modified);
  });

  it("are one of them no more when announced again, by an edit or after a withdrawal", () => {
    expect(patterns(settle(confirm(edited), announce("P"), confirmed).entry)).toEqual([]);
    const withdrawn = confirm(settle(confirm(edited), withhold, confirmed).entry);
    expect(patterns(withdrawn)).toEqual(["P", "Q"]);
    expect(patterns(settle(withdrawn, announce("Q"), confirmed).entry)).toEqual(["P"]);
  });

  it("are there once each, the latest last, and 20 at most", () => {
    let current = confirm(edited, 1);
    for (let n = 0; n < 25; n += 1) current = confirm(settle(current, announce(`P${n}`), confirmed).entry, n + 2);
    expect(current.former).toHaveLength(20);
    expect([patterns(current)[0], patterns(current)[19]]).toEqual(["P4", "P23"]);
    expect(current.former.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 20 }, (_, i) => i + 7));
    const again = confirmRemovals({ ...current, outdated: [fields("P10")] }, 90);
    expect([patterns(again).filter((p) => p === "P10"), patterns(again).at(-1)]).toEqual([["P10"], "P10"]);
  });

  it("say when something was last withdrawn, as the removal of the entry does", () => {
    expect(withdrawnAtMs(told)).toBe(0);
    expect(withdrawnAtMs(confirm(edited))).toBe(70);
    expect(withdrawnAtMs({ ...confirm(edited), removedAtMs: 90 })).toBe(90);
  });

  it("go to the new id of a re-imported attribute", () => {
    const taken = takeOver({ ...entry, id: 9 }, confirm(edited), 60);
    expect([patterns(taken.entry), patterns(taken.old)]).toEqual([["P"], []]);
  });
});

describe("removeUnknown", () => {
  it("gives a REMOVE one millisecond after the MISP timestamp", () => {
    const { entry: after, dirty } = removeUnknown(entry, fields("P"), 50);
    expect(dirty).toBe(true);
    expect(toRemovals(after, {})).toMatchObject([
      {
        pattern: "P",
        created: "1970-01-01T00:16:40.000Z",
        modified: "1970-01-01T00:16:40.001Z",
        valid_until: "1970-01-01T00:16:40.001Z",
      },
    ]);
    expect(toAnnouncement(after, {})).toBeUndefined();
  });
});

describe("takeOver", () => {
  it("hands created, modified and what consumers hold to the new id; the old one has nothing left to say", () => {
    const old = settle(confirm(settle(entry, announce("P"), confirmed).entry), announce("Q"), confirmed).entry;
    const taken = takeOver({ ...entry, id: 9 }, old, 60);
    expect(taken.entry).toMatchObject({ id: 9, live: true, createdMs: old.createdMs, modifiedMs: old.modifiedMs });
    expect(taken.entry.outdated).toEqual(old.outdated);
    expect(taken.old).toMatchObject({ id: 7, gone: "superseded", live: false, outdated: [], removedAtMs: 60 });
    expect(sent(settle(taken.entry, announce("Q"), pending).entry)).toEqual(["REMOVE P", "plain Q"]);
  });
});

it("what is valid for longer is announced again, under the same pattern", () => {
  const until = (validUntilMs: number): Verdict => ({ announce: { ...fields("P"), validUntilMs } });
  const first = settle(entry, until(5_000), confirmed).entry;
  expect(settle(first, until(5_000), confirmed).dirty).toBe(false);
  const longer = settle(first, until(6_000), confirmed);
  expect(longer).toMatchObject({ dirty: true, entry: { edit: true, outdated: [] } });
});

it("what another id has taken over is never due again", () => {
  const old = { ...settle(entry, announce("P"), confirmed).entry, dueAtMs: 9_000 };
  expect(takeOver({ ...entry, id: 8 }, old, 60).old.dueAtMs).toBe(0);
});
