import { describe, expect, it } from "vitest";
import { toPattern } from "./pattern.ts";

const suricata = 'alert http any any -> any any (msg:"x"; sid:1;)';

describe("suricata rules", () => {
  it.each([
    suricata,
    'alert tcp any any -> any any (msg:"sid:(; x"; content:"a\\"; sid:2;"; sid: 2100498; rev:1;)',
    "alert\ttcp any any -> any any (sid:1;)",
  ])("are taken as they are: %s", (rule) => {
    expect(toPattern("suricata", ` ${rule}\n`)).toEqual({ ok: true, pattern: rule, patternType: "suricata" });
  });

  it.each([
    ["another action", suricata.replace("alert", "drop")],
    ["an action that only begins like it", suricata.replace("alert", "alerting")],
    ["a rule that is commented out", `# ${suricata}`],
    ["no sid", suricata.replace("sid:1;", "")],
    ["a sid in quotes only", suricata.replace("sid:1;", 'content:"; sid:1;";')],
    ["two sids", suricata.replace("sid:1;", "sid:1; sid:2;")],
    ["a sid that is a regular expression", suricata.replace("sid:1;", "sid:(;")],
    ["a sid that the consumer would not find again", suricata.replace("sid:1;", "sid:  1;")],
    ["a sid of zero", suricata.replace("sid:1;", "sid:0;")],
  ])("are refused with %s", (_, rule) => {
    expect(toPattern("suricata", rule)).toMatchObject({ ok: false, reason: "unusable_value" });
  });
});

describe.each(["suricata", "snort"])("%s rules, which a consumer appends to a file,", (type) => {
  it.each(["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])(
    "have no line break %j in them",
    (lineBreak) => {
      const rule = `alert tcp any any -> any any (${lineBreak}msg:"x"; sid:1;)`;
      expect(toPattern(type, rule)).toMatchObject({ ok: false });
    },
  );
});

describe.each(["yara", "sigma"])("%s rules", (type) => {
  it("keep their lines, quotes and backslashes", () => {
    const rule = "a 'b' \\\\ \"c\"\r\n\td\n[e]";
    expect(toPattern(type, rule)).toEqual({ ok: true, pattern: rule, patternType: type });
  });
});

describe("stix2-pattern", () => {
  it("gets the brackets that somebody left out", () => {
    expect(toPattern("stix2-pattern", "url:value = 'a'")).toMatchObject({ pattern: "[url:value = 'a']" });
  });

  it("gets parentheses round what existing consumers would misread", () => {
    expect(toPattern("stix2-pattern", "[file:name = 'a' AND file:size = 1]")).toMatchObject({
      pattern: "[(file:name = 'a' AND file:size = 1)]",
    });
  });

  it("says what is wrong", () => {
    expect(toPattern("stix2-pattern", "[url:value = ]")).toEqual({
      ok: false,
      reason: "unusable_value",
      detail: "stix2-pattern: not a STIX pattern that can be used: expected a literal at position 13, found ]",
    });
  });
});
