import { describe, expect, it } from "vitest";
import { createCounters, summaryLine } from "./counters.ts";

describe("counters", () => {
  it("count by name and by reason, largest reason first", () => {
    const counters = createCounters();
    counters.increment("received", undefined, 12);
    counters.increment("announced");
    counters.increment("withheld", "unmapped_type", 2);
    counters.increment("withheld", "filter");
    counters.increment("withheld", "filter", 4);
    expect(counters.snapshot()).toMatchObject({
      received: 12,
      announced: 1,
      removed: 0,
      withheld: {
        total: 7,
        reasons: [
          ["filter", 5],
          ["unmapped_type", 2],
        ],
      },
      refused: { total: 0, reasons: [] },
    });
  });

  it("take any reason for what it is, even a name that objects have", () => {
    const counters = createCounters();
    counters.increment("refused", "__proto__");
    counters.increment("refused", "constructor");
    expect(counters.snapshot().refused).toEqual({
      total: 2,
      reasons: [
        ["__proto__", 1],
        ["constructor", 1],
      ],
    });
  });

  it("do not list a reason that nothing was counted under", () => {
    const counters = createCounters();
    counters.increment("dropped", "expired_tag", 0);
    expect(counters.snapshot().dropped).toEqual({ total: 0, reasons: [] });
  });

  it("hand out a snapshot that stays as it was", () => {
    const counters = createCounters();
    counters.increment("refused", "invalid_json");
    const before = counters.snapshot();
    counters.increment("refused", "invalid_json");
    counters.increment("received");
    expect(before.received).toBe(0);
    expect(before.refused.total).toBe(1);
  });
});

describe("the summary line", () => {
  it("names the five that matter, also when nothing happened", () => {
    expect(summaryLine(createCounters().snapshot())).toBe("received 0, announced 0, removed 0, withheld 0, refused 0");
  });

  it("gives the reasons, and the rest only when there is something to say", () => {
    const counters = createCounters();
    counters.increment("received", undefined, 12);
    counters.increment("announced", undefined, 3);
    counters.increment("removed");
    counters.increment("withheld", "unmapped_type", 2);
    counters.increment("withheld", "filter", 5);
    counters.increment("refused", "invalid_json");
    expect(summaryLine(counters.snapshot())).toBe(
      "received 12, announced 3, removed 1, withheld 7 (filter 5, unmapped_type 2), refused 1 (invalid_json 1)",
    );
    counters.increment("edited", undefined, 2);
    counters.increment("repeated");
    counters.increment("dropped", "late_event", 4);
    counters.increment("gap", "overflow");
    expect(summaryLine(counters.snapshot())).toBe(
      "received 12, announced 3, removed 1, withheld 7 (filter 5, unmapped_type 2), refused 1 (invalid_json 1), " +
        "edited 2, repeated 1, dropped 4 (late_event 4), gaps 1 (overflow 1)",
    );
  });
});
