import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLog, type Log, type Verbosity } from "./log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A log into a file, which has each line as soon as it was said. */
function create(verbosity: Verbosity = "DEBUG") {
  const path = join(folder, "logs", "threatbus-misp.log");
  const created = createLog({ file: { path, verbosity }, redact: (text) => text.replaceAll("sesame", "***") });
  if (!created.ok) throw new Error(created.text);
  const lines = (): Record<string, unknown>[] =>
    readFileSync(path, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { log: created.log, lines, path };
}

describe("the log", () => {
  it("writes one JSON object per line, at once, with level, time and fields", () => {
    const { log, lines } = create();
    log.info({ event: 7, ok: true, nothing: null }, "started");
    expect(lines()).toEqual([
      {
        level: "info",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        event: 7,
        ok: true,
        nothing: null,
        msg: "started",
      },
    ]);
  });

  it.each<[Verbosity, string[]]>([
    ["DEBUG", ["debug", "info", "warn", "error"]],
    ["INFO", ["info", "warn", "error"]],
    ["WARNING", ["warn", "error"]],
    ["ERROR", ["error"]],
    ["CRITICAL", []],
  ])("at %s says %j", (verbosity, expected) => {
    const { log, lines } = create(verbosity);
    for (const level of ["debug", "info", "warn", "error"] satisfies (keyof Log)[]) log[level]({}, "text");
    expect(lines().map(({ level }) => level)).toEqual(expected);
  });

  it("neutralises what MISP's values bring along, in the message and in fields however deep", () => {
    const { log, lines, path } = create();
    const hostile = "\u001b[2J\r\n\u009b1m\u202etxt";
    const harmless = "\\u001b[2J\\u000d\\u000a\\u009b1m\\u202etxt";
    log.warn({ value: hostile, deep: [{ [hostile]: hostile }], error: new Error(hostile) }, `value ${hostile}`);
    expect(lines()[0]).toMatchObject({
      value: harmless,
      deep: [{ [harmless]: harmless }],
      error: { type: "Error", message: harmless },
      msg: `value ${harmless}`,
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(readFileSync(path, "utf8")).not.toMatch(/[\0-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it("redacts everything: message, fields, keys, errors with their causes and stacks", () => {
    const { log, path } = create();
    const error = new Error("login with sesame", { cause: new Error("sesame") });
    log.error({ sesame: "sesame", list: ["a sesame"], error, url: new URL("tcp://me:sesame@host") }, "sesame");
    const text = readFileSync(path, "utf8");
    expect(text).toContain("login with ***");
    expect(text).toContain("tcp://me:***@host");
    expect(text).not.toContain("sesame");
  });

  it("takes any value, and cuts what is too long, too many or too deep", () => {
    const { log, lines } = create();
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    log.info(
      {
        circle,
        long: "x".repeat(3_000),
        many: Array.from({ length: 60 }, (_, n) => n),
        wide: Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`k${n}`, n])),
        bytes: new Uint8Array(5),
        big: 2n ** 64n,
        date: new Date(0),
        failed: Object.assign(new Error("no"), { code: "ENOENT" }),
        missing: undefined,
        "%s": "%d",
      },
      "any %s %o",
    );
    const [line] = lines();
    expect(line).toMatchObject({
      circle: { self: { self: { self: {} } } },
      long: `${"x".repeat(2_000)}… (1000 more characters)`,
      bytes: "(5 bytes)",
      big: "18446744073709551616",
      date: "1970-01-01T00:00:00.000Z",
      failed: { type: "Error", message: "no", code: "ENOENT" },
      "%s": "%d",
      msg: "any %s %o",
    });
    expect(line?.["many"]).toEqual([...Array(50).keys(), "… (10 more)"]);
    expect(Object.keys(line?.["wide"] as object)).toHaveLength(51);
    expect(line).not.toHaveProperty("missing");
  });

  it("appends to a file, makes its folder and lets only owner and group read it", () => {
    const first = create();
    first.log.info({}, "first");
    const second = create();
    second.log.info({}, "second");
    expect(second.lines().map(({ msg }) => msg)).toEqual(["first", "second"]);
    expect(statSync(first.path).mode & 0o777 & ~0o640).toBe(0);
  });

  it("says which file cannot be written and why", () => {
    mkdirSync(join(folder, "sesame"));
    const created = createLog({
      file: { path: join(folder, "sesame"), verbosity: "INFO" },
      redact: (text) => text.replaceAll("sesame", "***"),
    });
    expect(created).toEqual({
      ok: false,
      text: expect.stringMatching(/^the log file .*\*\*\* cannot be written \(EISDIR.*; change logging\.filename$/),
    });
  });

  it("without a destination says nothing and needs none", () => {
    const created = createLog({ redact: (text) => text });
    if (created.ok) created.log.error({}, "unheard");
    expect(created.ok).toBe(true);
  });
});
