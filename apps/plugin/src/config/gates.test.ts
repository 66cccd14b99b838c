import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toDigest } from "../digest.ts";
import { loadConfig } from "./load.ts";
import { formatProblems } from "./problem.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gates-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const day = 86_400_000;
function load(settings: string, api = "api: { host: https://h, key: k3y }", environment = {}) {
  const lines = settings === "" ? "" : `    ${settings.replaceAll("\n", "\n    ")}\n`;
  writeFileSync(join(folder, "config.yaml"), `plugins:\n  misp:\n    zmq: {}\n    ${api}\n${lines}`);
  return loadConfig({ environment, workingDirectory: folder });
}
function loaded(settings: string, api?: string, environment = {}) {
  const result = load(settings, api, environment);
  if (!result.ok) throw new Error(formatProblems(result.problems));
  return result;
}
const gates = (settings: string) => loaded(settings).config.gates;
function problems(settings: string): string {
  const result = load(settings);
  if (result.ok) throw new Error("loaded");
  return formatProblems(result.problems);
}

describe("the quality gates", () => {
  it("are all off unless they are set", () => {
    expect(gates("")).toEqual({});
    expect(gates("published_only: false")).toEqual({});
  });

  it("published_only, from the environment as well", () => {
    expect(gates("published_only: true")).toEqual({ publishedOnly: true });
    const variable = { THREATBUS_PLUGINS__MISP__PUBLISHED_ONLY: "true" };
    expect(loaded("", undefined, variable).config.gates).toEqual({ publishedOnly: true });
  });

  it("published_only says what it costs without a key", () => {
    expect(loaded("published_only: true").warnings).toEqual([]);
    const { warnings } = loaded("published_only: true", "");
    expect(warnings.join()).toContain("withheld until it is published again");
  });

  it.each<[string, readonly number[]]>([
    ["[1, 2, 3]", [1, 2, 3]],
    ['["1", "4"]', [1, 4]],
    ["3", [3]],
    ["[This community only, Connected communities, All communities]", [1, 2, 3]],
    ["[organisation, community, connected, all, sharing group]", [0, 1, 2, 3, 4]],
    ["Your Organization only", [0]],
  ])("distribution: %s", (written, levels) => {
    expect([...(gates(`distribution: ${written}`).distribution ?? [])]).toEqual(levels);
  });

  it.each([
    ["[]", "distribution"],
    ["[5]", "at most 4, got 5"],
    ["[everybody]", 'no distribution named "everybody"'],
    ["true", "expected MISP's distributions"],
    ["[comunity]", '"community"'],
  ])("distribution: %s is a problem", (written, text) => {
    expect(problems(`distribution: ${written}`)).toContain(text);
  });

  it("max_age and valid_for, by type and for the others", () => {
    expect(gates("max_age: 90d")).toEqual({ maxAgeMs: 90 * day });
    const { validFor } = gates("valid_for: { default: 30d, ip-dst: 7d, url: 3600 }");
    expect(validFor?.defaultMs).toBe(30 * day);
    expect([...(validFor?.byType ?? [])]).toEqual([
      ["ip-dst", 7 * day],
      ["url", 3_600_000],
    ]);
    expect(gates("valid_for: { url: 1d }").validFor).not.toHaveProperty("defaultMs");
  });

  it.each([
    ["max_age: 0", "max_age"],
    ["max_age: 90", undefined],
    ["max_age: 90 days", "max_age"],
    ["valid_for: {}", "MISP's types, or default"],
    ["valid_for: { ip-dst: never }", "valid_for"],
    ["published_only: perhaps", "published_only"],
    ["except: list.txt", "except"],
    ["except: { fle: x }", "fle"],
  ])("%s", (written, text) => {
    if (text === undefined) expect(load(written).ok).toBe(true);
    else expect(problems(written)).toContain(text);
  });

  it("a type that MISP does not have is a warning", () => {
    expect(loaded("valid_for: { ip-dest: 7d }").warnings.join()).toMatch(
      /ip-dest: MISP has no .*did you mean "ip-dst"/,
    );
  });
});

describe("the list of exceptions", () => {
  const list = (content: string) => writeFileSync(join(folder, "list.txt"), content);

  it("is read, beside the configuration", () => {
    list("example.org # ours\n");
    const { except } = gates("except: { file: list.txt }");
    expect(except?.file).toBe(join(folder, "list.txt"));
    expect(except?.list.exceptionFor("domain", "www.example.org")).toBe("example.org");
  });

  it("may be empty, but must be there", () => {
    expect(problems("except: { file: list.txt }")).toContain("list.txt cannot be read (ENOENT)");
    list("");
    expect(gates("except: { file: list.txt }").except?.list.size).toBe(0);
  });

  it("with lines that cannot be read is a problem, each with its line", () => {
    list(`example.org\n10.0.0.0/33\n${"1.2.3\n".repeat(20)}`);
    const text = problems("except: { file: list.txt }");
    expect(text).toContain("list.txt:2: neither an IP address nor a network");
    expect(text).toContain("11 more lines");
  });
});

describe("the digest", () => {
  const digest = (settings: string) => toDigest(loaded(settings).config);
  it("differs with each gate, so that another configuration is evaluated anew, and not with none", () => {
    writeFileSync(join(folder, "a.txt"), "example.org");
    writeFileSync(join(folder, "b.txt"), "example.net");
    const digests = [
      "",
      "published_only: true",
      "distribution: [1, 2]",
      "distribution: [1]",
      "max_age: 1d",
      "max_age: 2d",
      "valid_for: { default: 1d }",
      "valid_for: { default: 2d }",
      "valid_for: { url: 1d }",
      "valid_for: { url: 2d }",
      "valid_for: { domain: 2d }",
      "except: { file: a.txt }",
      "except: { file: b.txt }",
    ].map(digest);
    expect(new Set(digests).size).toBe(digests.length);
    expect(digest("published_only: false")).toBe(digest(""));
    expect(digest("distribution: [2, 1]")).toBe(digest("distribution: [1, 2]"));
    expect(digest("valid_for: { url: 1d, domain: 2d }")).toBe(digest("valid_for: { domain: 2d, url: 1d }"));
  });

  it("differs with what the list of exceptions means, wherever it is", () => {
    writeFileSync(join(folder, "a.txt"), "example.org");
    const before = digest("except: { file: a.txt }");
    writeFileSync(join(folder, "b.txt"), "# ours\nexample.org");
    expect(digest("except: { file: b.txt }")).toBe(before);
    writeFileSync(join(folder, "a.txt"), "example.org\nexample.net");
    expect(digest("except: { file: a.txt }")).not.toBe(before);
  });
});
