import { describe, expect, it } from "vitest";
import { limitRepeats } from "./limit-repeats.ts";
import type { Log, LogFields } from "./log.ts";

function create() {
  const lines: string[] = [];
  const say = (level: string) => (fields: LogFields, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
  const clock = { nowMs: 0 };
  return { lines, clock, limited: limitRepeats(log, 60_000, () => clock.nowMs) };
}

describe("repeated lines", () => {
  it("are said once a minute per cause, with the number of those held back", () => {
    const { lines, clock, limited } = create();
    for (let n = 0; n < 10; n += 1) limited.warn("down", { n }, "the publisher is down");
    limited.error("refused", {}, "wrong password");
    expect(lines).toEqual(['warn the publisher is down {"n":0}', "error wrong password {}"]);
    clock.nowMs = 59_999;
    limited.warn("down", { n: 10 }, "the publisher is down");
    expect(lines).toHaveLength(2);
    clock.nowMs = 60_000;
    limited.warn("down", { n: 11 }, "the publisher is down");
    expect(lines.slice(2)).toEqual(['warn the publisher is down {"n":11,"suppressed":10}']);
    clock.nowMs = 120_000;
    limited.warn("down", { n: 12 }, "the publisher is down");
    expect(lines.slice(3)).toEqual(['warn the publisher is down {"n":12}']);
  });

  it("that were held back are counted at exit, once", () => {
    const { lines, limited } = create();
    for (let n = 0; n < 3; n += 1) limited.info("late", { n }, "came late");
    limited.flush();
    limited.flush();
    expect(lines).toEqual(['info came late {"n":0}', 'info came late {"n":2,"suppressed":2}']);
  });

  it("do not fill memory when each has a cause of its own, and lose no count", () => {
    const { lines, limited } = create();
    limited.info("first", {}, "first");
    limited.info("first", {}, "first");
    for (let n = 0; n < 1_000; n += 1) limited.info(`cause ${n}`, {}, "x");
    expect(lines.filter((line) => line.includes("first"))).toEqual(["info first {}", 'info first {"suppressed":1}']);
    expect(lines).toHaveLength(1_002);
  });
});
