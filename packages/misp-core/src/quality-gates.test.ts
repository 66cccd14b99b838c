import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate, type Subject, toAnnounced } from "./evaluate.ts";
import { explainVerdict } from "./explain.ts";
import { createFilter } from "./filter.ts";
import { dueAtMs, type QualityGates } from "./quality-gates.ts";
import { noTags } from "./tag-set.ts";

const day = 86_400_000;
const changedMs = 1_795_494_395_000;
const content = {
  type: "domain",
  value: "evil.example",
  category: "",
  comment: "",
  toIds: true,
  deleted: false,
  timestamp: changedMs / 1000,
  distribution: 5,
  objectDistribution: 5,
};
const event = { id: 1, atMs: 1, tags: noTags, distribution: 3, published: true };
const subject: Subject = { content, ownTags: [], eventTags: [], event };
const everything = createFilter([]);
const reasonOf = (asked: Subject, quality: QualityGates, nowMs = changedMs) => {
  const verdict = evaluate(asked, everything, quality, nowMs);
  return "withhold" in verdict ? verdict.withhold : undefined;
};
const { published: _, ...ofUnknownState } = event;

describe("published only", () => {
  it.each<[string, Subject["event"], string | undefined]>([
    ["published", event, undefined],
    ["not published", { ...event, published: false }, "not_published"],
    ["of unknown state", ofUnknownState, "not_published"],
    ["unknown", undefined, "not_published"],
  ])("an event that is %s", (_, of, expected) => {
    expect(reasonOf({ ...subject, event: of }, { publishedOnly: true })).toBe(expected);
    expect(reasonOf({ ...subject, event: of }, { publishedOnly: false })).toBeUndefined();
  });
});

describe("distribution", () => {
  const allowed = { distribution: new Set([1, 2, 3]) };
  it("lets out what is on the list, along attribute, object and event", () => {
    expect(reasonOf(subject, allowed)).toBeUndefined();
    expect(reasonOf({ ...subject, content: { ...content, distribution: 0 } }, allowed)).toBe("distribution");
    expect(reasonOf({ ...subject, content: { ...content, objectDistribution: 4 } }, allowed)).toBe("distribution");
    expect(reasonOf({ ...subject, event: { ...event, distribution: 0 } }, allowed)).toBe("distribution");
    const shared = { ...subject, event: { ...event, distribution: 4 } };
    expect(reasonOf(shared, { distribution: new Set([4]) })).toBeUndefined();
  });

  it("keeps back what is not known", () => {
    const { distribution: _, ...unknown } = content;
    const all = { distribution: new Set([0, 1, 2, 3, 4]) };
    expect(reasonOf({ ...subject, content: unknown }, all)).toBe("distribution");
    expect(reasonOf({ ...subject, event: undefined }, all)).toBe("distribution");
    expect(reasonOf({ ...subject, content: unknown }, {})).toBeUndefined();
  });
});

describe("exceptions", () => {
  it("hold back what falls under one, whatever else lets it pass", () => {
    const asked: unknown[] = [];
    const quality: QualityGates = {
      exceptionFor(type, value) {
        asked.push([type, value]);
        return value === "evil.example" ? "evil.example" : undefined;
      },
    };
    expect(reasonOf(subject, quality)).toBe("excepted");
    expect(reasonOf({ ...subject, content: { ...content, value: "other.example" } }, quality)).toBeUndefined();
    expect(asked[0]).toEqual(["domain", "evil.example"]);
  });
});

describe("what time changes", () => {
  it("too old from its age on, not a millisecond before", () => {
    const quality = { maxAgeMs: 90 * day };
    expect(reasonOf(subject, quality, changedMs + 90 * day - 1)).toBeUndefined();
    expect(reasonOf(subject, quality, changedMs + 90 * day)).toBe("too_old");
  });

  it("valid for a time by its type, with a default; the announcement says until when", () => {
    const quality: QualityGates = { validFor: { defaultMs: 30 * day, byType: new Map([["ip-dst", 7 * day]]) } };
    const address = { ...subject, content: { ...content, type: "ip-dst", value: "198.51.100.7" } };
    expect(reasonOf(address, quality, changedMs + 7 * day - 1)).toBeUndefined();
    expect(reasonOf(address, quality, changedMs + 7 * day)).toBe("expired");
    expect(reasonOf(subject, quality, changedMs + 7 * day)).toBeUndefined();
    expect(toAnnounced(address, quality)).toMatchObject({ announce: { validUntilMs: changedMs + 7 * day } });
    expect(toAnnounced(subject, quality)).toMatchObject({ announce: { validUntilMs: changedMs + 30 * day } });
  });

  it("without a default other types are valid for ever", () => {
    const quality: QualityGates = { validFor: { byType: new Map([["ip-dst", 7 * day]]) } };
    expect(reasonOf(subject, quality, changedMs * 2)).toBeUndefined();
    expect(toAnnounced(subject, quality)).not.toHaveProperty("announce.validUntilMs");
  });

  it("never beyond what a timestamp of STIX can say", () => {
    const quality: QualityGates = { validFor: { defaultMs: 1e15, byType: new Map() }, maxAgeMs: 1e15 };
    const announced = toAnnounced(subject, quality);
    const endMs = "announce" in announced ? announced.announce.validUntilMs : undefined;
    expect(new Date(endMs ?? 0).toISOString()).toBe("9999-12-31T23:59:59.000Z");
  });
});

describe("dueAtMs", () => {
  const quality: QualityGates = { maxAgeMs: 5 * day, validFor: { byType: new Map([["domain", 3 * day]]) } };
  it("is when the first of them ends it, and negative once it has", () => {
    expect(dueAtMs(content, quality, undefined)).toBe(changedMs + 3 * day);
    expect(dueAtMs({ ...content, type: "url" }, quality, undefined)).toBe(changedMs + 5 * day);
    expect(dueAtMs(content, quality, "expired")).toBe(-(changedMs + 3 * day));
    expect(dueAtMs(content, quality, "too_old")).toBe(-(changedMs + 3 * day));
  });

  it("is 0 where time changes nothing", () => {
    expect(dueAtMs(content, {}, undefined)).toBe(0);
    expect(dueAtMs(content, quality, "filter")).toBe(0);
    expect(dueAtMs(content, quality, "deleted")).toBe(0);
  });

  it("property: between two times the verdict changes only if it says so", () => {
    const days = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined });
    const at = fc.integer({ min: -3, max: 12 });
    fc.assert(
      fc.property(days, days, days, at, at, (maxAge, byDefault, domain, first, second) => {
        const gates: QualityGates = {
          ...(maxAge === undefined ? {} : { maxAgeMs: maxAge * day }),
          validFor: {
            ...(byDefault === undefined ? {} : { defaultMs: byDefault * day }),
            byType: new Map(domain === undefined ? [] : [["domain", domain * day]]),
          },
        };
        const [from, to] = [changedMs + first * day, changedMs + second * day];
        const before = reasonOf(subject, gates, from);
        const due = dueAtMs(content, gates, before);
        const lapses = due > 0 && due <= to;
        const stands = due < 0 && to < -due;
        expect((reasonOf(subject, gates, to) === undefined) !== (before === undefined)).toBe(lapses || stands);
      }),
    );
  });
});

describe("the order of the gates", () => {
  it("all off: none is asked, and none is shown", () => {
    const { gates } = explainVerdict(subject, everything, {}, changedMs);
    expect(gates).toHaveLength(6);
  });

  it("all on: each withholds in its place, and is explained", () => {
    const quality: QualityGates = {
      publishedOnly: true,
      distribution: new Set([1]),
      maxAgeMs: day,
      validFor: { defaultMs: 2 * day, byType: new Map() },
      exceptionFor: () => "*.example",
    };
    const unpublished = { ...subject, event: { ...event, published: false } };
    const { gates, verdict } = explainVerdict(unpublished, everything, quality, changedMs + 3 * day);
    expect(verdict).toEqual({ withhold: "not_published" });
    expect(gates.filter(({ passed }) => passed === false).map(({ gate, detail }) => [gate, detail])).toEqual([
      ["not_published", "the event is not published, or not since it was changed"],
      ["distribution", "may not go out with all communities, of attribute, object and event together"],
      ["excepted", "matches the exception *.example"],
      ["too_old", "too old since 2026-11-25T04:26:35.000Z"],
      ["expired", "no longer valid since 2026-11-26T04:26:35.000Z"],
    ]);
    const passing = explainVerdict(
      { ...subject, event: { ...event, distribution: 1 } },
      everything,
      { ...quality, exceptionFor: () => undefined },
      changedMs,
    );
    expect(passing.verdict).toHaveProperty("announce");
    expect(passing.gates.map(({ gate }) => gate)).toEqual([
      "event_deleted",
      "deleted",
      "not_to_ids",
      "not_published",
      "distribution",
      "unmapped_type",
      "unusable_value",
      "filter",
      "excepted",
      "too_old",
      "expired",
    ]);
    expect(passing.gates.slice(-2).map(({ detail }) => detail)).toEqual([
      "too old from 2026-11-25T04:26:35.000Z on",
      "no longer valid from 2026-11-26T04:26:35.000Z on",
    ]);
  });

  it("says what of the distribution is not known", () => {
    const quality = { distribution: new Set([1]) };
    const { objectDistribution: _, ...bare } = content;
    const details = (asked: Subject) =>
      explainVerdict(asked, everything, quality).gates.find(({ gate }) => gate === "distribution")?.detail;
    expect(details({ ...subject, content: bare })).toBe(
      "its object's distribution is not known yet, so it may not go out",
    );
    expect(details({ ...subject, event: undefined })).toBe(
      "its event's distribution is not known yet, so it may not go out",
    );
  });
});
