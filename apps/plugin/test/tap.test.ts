import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { attribute, uuid } from "./attribute-message.ts";
import { commandLine, createCommands, until } from "./command.ts";
import { useMisp } from "./misp.ts";

const execFileAsync = promisify(execFile);

const commands = createCommands("tap");
const misp = useMisp();
beforeEach(() => configure());

function configure(filter = "[ { tags: [tlp:green] } ]", zmq = ""): void {
  commands.configure(`plugins: { apps: { misp: { zmq: { ${misp.zmq()}${zmq} }, filter: ${filter} } } }`);
}

const green = { Tag: [{ id: "4", name: "tlp:green", exportable: true, local: false }] };

/** Starts it, and waits until it listens. `others` listen already. */
function tap(parameters: readonly string[] = [], options: { readonly read?: boolean; others?: number } = {}) {
  return misp.listening(() => commands.start(["tap", ...parameters], options), options.others);
}

describe("tap", () => {
  it("shows each notification as it came: time, topic, size, body; and sums up at Ctrl-C", async () => {
    const { child, lines, stderr, closed } = await tap();
    const first = attribute(1);
    await misp.publisher.publish([first, { topic: "misp_json_tag", body: "not JSON" }]);
    await until(() => lines().length === 2);
    const [time, ...rest] = lines()[0]?.split(" ") ?? [];
    expect(Math.abs(Date.parse(time ?? "") - Date.now())).toBeLessThan(20_000);
    expect(rest.join(" ")).toBe(`misp_json_attribute ${first.body.length} bytes ${first.body}`);
    expect(lines()[1]?.split(" ").slice(1).join(" ")).toBe("misp_json_tag 8 bytes not JSON");
    child.kill("SIGINT");
    expect(await closed).toBe(0);
    expect(stderr()).toContain(
      `threatbus-misp: connected: tcp://127.0.0.1:${misp.publisher.port}; waiting for notifications\n`,
    );
    expect(stderr()).toMatch(
      new RegExp(
        `threatbus-misp: 2 notifications in \\d+ s, ${first.body.length + 8} bytes \\(misp_json_attribute 1, misp_json_tag 1\\)\n$`,
      ),
    );
    // No state folder, no lock, no log.
    expect(readdirSync(commands.path())).toEqual(["config.yaml"]);
  });

  it("lets nothing in a notification act on the terminal", async () => {
    const { lines } = await tap(["--count=4", "--explain"]);
    const acting = "\u001b[2J\u001b]0;x\u0007\u202e\u009b31m\r";
    await misp.publisher.publish([
      { topic: "misp_json_attribute", body: `${acting}\nforged line` },
      attribute(1, "edit", { value: `${acting}.example`, type: `ty${acting}pe`, Tag: [{ id: "1", name: acting }] }),
      { topic: "misp_json_attribute", body: new Uint8Array([0xff, 0x1b, 0x5b]) },
    ]);
    await misp.publisher.publishFrame(`misp_json_tag ${acting}`);
    await until(() => lines().some((line) => line.includes("misp_json_tag")));
    await until(() => lines().some((line) => line.includes("refused: invalid_json")));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be left
    for (const line of lines()) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(lines().some((line) => line.startsWith("forged"))).toBe(false);
    expect(lines()[0]).toContain("\\u001b[2J\\u001b]0;x\\u0007\\u202e\\u009b31m\\u000d\\u000aforged line");
  });

  it("--count ends by itself, with all of it written", async () => {
    const { lines, closed, stderr } = await tap(["--count", "3"]);
    await misp.publisher.publish(
      Array.from({ length: 10 }, (_, i) => attribute(i, "add", { comment: "x".repeat(200_000) })),
    );
    expect(await closed).toBe(0);
    expect(lines().map((line) => /"id":"(\d+)"/.exec(line)?.[1])).toEqual(["0", "1", "2"]);
    expect(stderr()).toContain("3 notifications");
  });

  it("--json is what explain reads back, byte for byte, invalid UTF-8 too", async () => {
    const { stdout, objects, closed } = await tap(["--count=3", "--json"]);
    const hostile = attribute(1, "edit", { value: "a\u202e\u{e0041}.example", ...green });
    const broken = new Uint8Array([0x7b, 0xff, 0x1b]);
    await misp.publisher.publish([hostile, { topic: "misp_json_attribute", body: broken }, attribute(2)]);
    expect(await closed).toBe(0);
    const [first, second] = objects();
    expect(first).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      topic: "misp_json_attribute",
      bytes: Buffer.byteLength(hostile.body),
      body: hostile.body,
    });
    expect(Buffer.from(second.bodyBase64, "base64").equals(broken)).toBe(true);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be left
    expect(stdout()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u{e0041}]/u);

    commands.write("recorded", stdout());
    const explained = await commands.run("explain", "recorded", "--json");
    expect([explained.code, explained.stderr]).toEqual([0, ""]);
    expect(explained.lines.map((line) => JSON.parse(line))).toMatchObject([
      { ok: true, changes: [{ attribute: { content: { value: "a\u202e\u{e0041}.example" } } }] },
      { ok: false, reason: "invalid_utf8" },
      { ok: true, changes: [{ attribute: { verdict: { withhold: "filter" } } }] },
    ]);
  });

  it("--explain without an index: each gate, from the message alone, and it says so", async () => {
    const { lines, stderr, closed } = await tap(["--explain", "--count=2"]);
    await misp.publisher.publish([attribute(1, "edit", green), attribute(2, "edit", { to_ids: false })]);
    expect(await closed).toBe(0);
    expect(stderr()).toContain("explanations are based on the message alone: there is no index in");
    const at = lines().findIndex((line) => line.includes(uuid(2)));
    const first = lines().slice(0, at).join("\n");
    const second = lines().slice(at).join("\n");
    expect(first).toContain("based on  the message alone");
    for (const gate of ["event not deleted", "not deleted", "to_ids", "type mapped", "value usable", "filter"]) {
      expect(first).toMatch(new RegExp(`^    pass  ${gate} `, "m"));
    }
    expect(first).toContain("verdict   announce");
    expect(first).toContain("pattern   [domain-name:value = 'host-1.example']");
    expect(first).toContain("consumers unknown");
    expect(second).toContain("FAIL  to_ids");
    expect(second).toMatch(/FAIL {2}filter .*\n.*item 1 \(tag tlp:green\): it has no tags, nor has its event/);
    expect(second).toContain("verdict   withhold: not_to_ids");
    expect(readdirSync(commands.path())).toEqual(["config.yaml"]);
  });

  it("--explain beside the running program: from its index, and without being in its way", async () => {
    const program = await misp.listening(() => commands.start());
    await misp.publisher.publish([attribute(1, "edit", green), attribute(2)]);
    await until(() => program.lines().length === 1);

    const { child, lines, stderr, closed } = await tap(["--explain"], { others: 1 });
    expect(stderr()).not.toContain("alone");
    // The tag message has ids alone: what it does to the attribute is in the index.
    await misp.publisher.publish([
      {
        topic: "misp_json_tag",
        body: JSON.stringify({
          Tag: { id: "4", name: "tlp:green", attribute_id: "2" },
          action: "attached to attribute",
        }),
      },
    ]);
    await until(() => program.lines().length === 2);
    await until(() => lines().some((line) => line.includes("consumers")));
    const text = lines().join("\n");
    expect(text).toContain("says      tag tlp:green attached to attribute 2");
    expect(text).toContain(`based on  the index in ${commands.path(".threatbus-misp")}, last heard 20`);
    expect(text).toContain("verdict   announce");
    expect(text).toMatch(/consumers (hold it|are about to get it|hold nothing of it: it was never announced)/);

    child.kill("SIGTERM");
    expect(await closed).toBe(0);
    await misp.publisher.publish([attribute(3, "edit", green)]);
    await until(() => program.lines().length === 3);
    await program.stop();
    expect(program.stderr()).toContain("received 4, announced 3");
  });

  it("ends without a word when its reader has gone", async () => {
    const { child, stderr, closed } = await tap([], { read: false });
    await until(() => stderr().includes("connected"));
    child.stdout.destroy();
    const before = stderr();
    await misp.publisher.publish(Array.from({ length: 50 }, (_, i) => attribute(i)));
    expect(await closed).toBe(0);
    expect(stderr()).toBe(before);
  });

  it("ends at Ctrl-C also while nobody takes what it writes", async () => {
    const { child, stderr, closed } = await tap([], { read: false });
    await misp.publisher.publish(
      Array.from({ length: 20 }, (_, i) => attribute(i, "add", { comment: "x".repeat(500_000) })),
    );
    await until(() => (child.stdout.readableLength ?? 0) > 0);
    child.kill("SIGINT");
    expect(await closed).toBe(0);
    expect(stderr()).toMatch(/ notifications? in \d+ s/);
  });

  it("says why it is not connected", async () => {
    await misp.publisher.rebind({ credentials: { username: "misp", password: "another" } });
    configure("[ { tags: [x] } ]", ", username: misp, password: wrong-one");
    const { child, stderr, closed } = commands.start(["tap"]);
    await until(() => stderr().includes("handshake failed"));
    child.kill("SIGINT");
    expect(await closed).toBe(0);
    expect(stderr()).toContain("0 notifications in 0 s, 0 bytes");
    expect(stderr()).not.toContain("wrong-one");
  });

  it("ends when head has enough, and writes to a file", async () => {
    const { node, parameters } = commandLine(["tap"]);
    const shell = (script: string) =>
      misp.listening(() => {
        let ended = false;
        const options = { cwd: commands.path(), timeout: 15_000 };
        const result = execFileAsync("sh", ["-c", script, "sh", node, ...parameters], options)
          .catch((error: { stdout: string; stderr: string }) => error)
          .finally(() => (ended = true));
        return { result, isEnded: () => ended };
      });
    /** Publishes until it has noticed: a reader that has gone is noticed at the next write. */
    const readByHead = async (script: string) => {
      const { result, isEnded } = await shell(`{ ${script}; echo "code $?" >&2; } | head -n 1`);
      while (!isEnded()) {
        await misp.publisher.publish([attribute(1)]);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return result;
    };
    const { stdout, stderr } = await readByHead('"$@"');
    expect(stdout.split("\n")).toHaveLength(2);
    expect(stderr).toMatch(/waiting for notifications\ncode 0\n$/);

    // The reader of what it says goes first: that must not end it with an error.
    expect((await readByHead('"$@" 2>&1')).stderr).toBe("code 0\n");

    const filed = await shell('exec "$@" --count 3 > out');
    await misp.publisher.publish([attribute(1), attribute(2), attribute(3)]);
    await filed.result;
    expect(readFileSync(commands.path("out"), "utf8").split("\n")).toHaveLength(4);
  });
});
