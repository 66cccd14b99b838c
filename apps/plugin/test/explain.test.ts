import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { attribute as domain, uuid } from "./attribute-message.ts";
import { createCommands, until } from "./command.ts";
import { useMisp } from "./misp.ts";

const commands = createCommands("explain");
const misp = useMisp();
beforeEach(() => configure("[ { types: [domain], tags: [tlp:green] }, { orgs: [7] } ]"));

function configure(filter: string): void {
  commands.configure(`plugins: { apps: { misp: { zmq: { ${misp.zmq()} }, filter: ${filter} } } }`);
}
const attribute = (n: number, action: string, part: object = {}) =>
  domain(n, action, { value: "evil.example", ...part });
const body = (...parameters: Parameters<typeof attribute>) => attribute(...parameters).body;
const green = { Tag: [{ id: "4", name: "tlp:green", exportable: true, local: false }] };

describe("explain UUID", () => {
  it("answers from the index while the program runs, changes nothing, and again after it has ended", async () => {
    const program = await misp.listening(() => commands.start());
    await misp.publisher.publish([
      attribute(1, "edit", green),
      attribute(2, "edit", green),
      attribute(3, "edit", { to_ids: false, ...green }),
      attribute(4, "edit", { value: "gone.example", ...green }),
    ]);
    await until(() => program.lines().length === 3);
    await misp.publisher.publish([attribute(4, "soft-delete", { value: "gone.example", ...green })]);
    await until(() => program.lines().length === 4);

    const held = await commands.run("explain", uuid(1));
    expect([held.code, held.stderr]).toEqual([0, ""]);
    expect(held.lines[0]).toBe(`attribute 1 of event 1, ${uuid(1)}`);
    expect(held.stdout).toContain("says      domain evil.example, to_ids set; changed in MISP 2026-");
    for (const gate of ["event not deleted", "not deleted", "to_ids", "type mapped", "value usable", "filter"]) {
      expect(held.stdout).toMatch(new RegExp(`^    pass  ${gate} `, "m"));
    }
    expect(held.stdout).toContain("item 1 of the filter matches");
    expect(held.stdout).toContain("verdict   announce");
    expect(held.stdout).toContain("pattern   [domain-name:value = 'evil.example']");
    expect(held.stdout).toContain("consumers hold it; its value is also on the bus for attribute 2\n");

    const flag = await commands.run("explain", uuid(3));
    expect(flag.stdout).toContain("FAIL  to_ids             MISP's IDS flag (to_ids) is not set");
    expect(flag.stdout).toContain("verdict   withhold: not_to_ids");
    expect(flag.stdout).toContain("consumers hold nothing of it: it was never announced");

    await program.stop();
    const index = readFileSync(commands.path(".threatbus-misp", "data.mdb"));
    const gone = await commands.run("explain", uuid(4).toUpperCase(), "--json");
    expect(JSON.parse(gone.stdout)).toMatchObject({
      attributeId: 4,
      verdict: { withhold: "deleted" },
      gates: [
        { gate: "event_deleted", passed: true },
        { gate: "deleted", passed: false, detail: "soft-deleted in MISP; it can be restored" },
        { gate: "not_to_ids", passed: true },
        { gate: "unmapped_type", passed: true },
        { gate: "unusable_value", passed: true },
        { gate: "filter", passed: true },
      ],
      consumers: { hold: false, outdated: [], pending: false },
      basis: { kind: "index" },
    });
    expect(readFileSync(commands.path(".threatbus-misp", "data.mdb")).equals(index)).toBe(true);

    // With another filter: its gates are the new ones', what consumers hold is what they were told, and it says so.
    configure("[ { types: [ip-dst], tags: [tlp:red] } ]");
    const other = await commands.run("explain", uuid(1));
    expect(other.stdout).toContain("it was written with another filter, other gates, exceptions or mapping");
    expect(other.stdout).toContain(
      "item 1 (type ip-dst AND tag tlp:red): its type domain is not among them; none of its and its event's tags matches: tlp:green",
    );
    expect(other.stdout).toContain("verdict   withhold: filter");
    expect(other.stdout).toContain("consumers hold it");
  });

  it("says when there is no such attribute, and when there is no index: 1", async () => {
    const none = await commands.run("explain", uuid(1));
    expect(none).toMatchObject({ code: 1, stdout: "" });
    expect(none.stderr).toContain(`${uuid(1)} can be explained from the index alone, and there is no index in`);
    expect(readdirSync(commands.path())).toEqual(["config.yaml"]);

    const program = await misp.listening(() => commands.start());
    await misp.publisher.publish([attribute(1, "edit", green)]);
    await until(() => program.lines().length === 1);
    const unknown = await commands.run("explain", uuid(2));
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    expect(unknown.stderr).toContain(`${uuid(2)} is not in the index in`);
    expect(unknown.stderr).toContain("no message about it has arrived");
  });
});

describe("explain FILE", () => {
  it("answers for each line, in whichever form it was recorded, with what the lines before it said", async () => {
    const tag = { Tag: { id: "4", name: "tlp:green", attribute_id: "1" }, action: "attached to attribute" };
    commands.write(
      "recorded",
      [
        body(1, "add"),
        `misp_json_tag ${JSON.stringify(tag)}`,
        JSON.stringify({ topic: "misp_json_attribute", body: body(1, "delete") }),
        JSON.stringify({ topic: "mine", value: '{"Sighting":{"id":"1"}}' }),
        "misp_json_attribute {",
        body(2, "add", { type: "comment", value: "\u001b[2J" }),
      ].join("\n"),
    );
    const { code, stdout, stderr } = await commands.run("explain", "recorded");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).not.toContain("\u001b");
    const answers = stdout.split(/^(?=line )/m);
    expect(answers.map((answer) => answer.split("\n")[0])).toEqual([
      `line 1: recorded, ${body(1, "add").length} bytes`,
      `line 2: misp_json_tag, ${JSON.stringify(tag).length} bytes`,
      `line 3: misp_json_attribute, ${body(1, "delete").length} bytes`,
      "line 4: mine, 23 bytes",
      "line 5: misp_json_attribute, 1 bytes",
      expect.stringMatching(/^line 6: recorded, /),
    ]);
    const [added, tagged, deleted, sighting, broken, unmapped] = answers;
    expect(added).toContain("own tags not said (MISP attaches them later)");
    expect(added).toContain("verdict   withhold: filter");
    expect(added).toContain("item 2 (org 7): its organisation 1 is not among them");
    expect(tagged).toContain("verdict   announce");
    expect(deleted).toContain("FAIL  not deleted        deleted in MISP for good");
    expect(deleted).toContain("verdict   withhold: deleted");
    expect(sighting).toContain("understood, and not needed");
    expect(broken).toContain("refused: invalid_json");
    expect(unmapped).toContain("FAIL  type mapped        type comment has no STIX pattern");
    expect(unmapped).toContain("-     value usable");
    expect(unmapped).toContain("index     it is not kept there");
    expect(readdirSync(commands.path()).sort()).toEqual(["config.yaml", "recorded"]);
  });

  it("says from the index what a message would do that has ids alone", async () => {
    const program = await misp.listening(() => commands.start());
    await misp.publisher.publish([
      attribute(1, "edit", green),
      attribute(2, "edit", green),
      attribute(3, "edit", green),
    ]);
    await until(() => program.lines().length === 3);
    commands.write("event", '{"Event":{"id":"1"},"action":"delete"}');
    const { stdout } = await commands.run("explain", "event");
    expect(stdout).toContain("says      event 1 deleted, and everything in it");
    expect(stdout).toContain("concerns  3 known attributes: withhold 3 (event_deleted)");
    expect(stdout.match(/^ {4}publishes REMOVE evil.example$/gm)).toHaveLength(3);
    const after = await commands.run("explain", uuid(1));
    expect(after.stdout).toContain("consumers hold it");
  });

  it("says when there is nothing to explain: 1", async () => {
    mkdirSync(commands.path("folder"));
    commands.write("empty", "\n \n");
    for (const [target, text] of [
      ["nowhere", "nowhere is neither a UUID nor a file that can be read (ENOENT)"],
      ["folder", "folder is neither a UUID nor a file that can be read (EISDIR)"],
      ["empty", "empty holds no notification"],
    ] as const) {
      const { code, stdout, stderr } = await commands.run("explain", target);
      expect([code, stdout, stderr]).toEqual([1, "", `threatbus-misp: ${text}\n`]);
    }
  });
});
