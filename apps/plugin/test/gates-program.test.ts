import { renameSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { uuid } from "./attribute-message.ts";
import { createCommands, until } from "./command.ts";
import { useMisp } from "./misp.ts";

const commands = createCommands("gates-program");
const misp = useMisp();

const attribute = (n: number, part: object = {}, event: object = {}) => ({
  topic: "misp_json_attribute",
  body: JSON.stringify({
    Attribute: {
      ...{ id: String(n), event_id: "1", object_id: "0", uuid: uuid(n), type: "domain", value: `host-${n}.example` },
      ...{ to_ids: true, distribution: "5", timestamp: String(Math.floor(Date.now() / 1000)) },
      ...part,
    },
    Event: { id: "1", uuid: uuid(999), orgc_id: "1", distribution: "1", ...event },
    action: "edit",
  }),
});
const event = (part: object) => ({
  topic: "misp_json_event",
  body: JSON.stringify({ Event: { id: "1", uuid: uuid(999), distribution: "1", ...part }, action: "edit" }),
});

function write(settings: string): void {
  commands.configure(`plugins: { apps: { misp: { zmq: { ${misp.zmq()} }, ${settings} } } }`);
}
async function start(settings: string) {
  write(settings);
  const command = await misp.listening(() => commands.start());
  const said = () => command.objects().map((object) => `${object.x_threatbus_update ?? "NEW"} ${object.name}`);
  return { ...command, said };
}

describe("the program with quality gates", () => {
  it("removes what is no longer valid when its time comes, without a message; an edit brings it back", async () => {
    const { said, objects, stderr, stop } = await start("valid_for: { domain: 4s, default: 30d }");
    const sentAtMs = Date.now();
    await misp.publisher.publish([attribute(1), attribute(2, { type: "hostname" })]);
    await until(() => said().length === 2);
    const [first] = objects();
    expect(Date.parse(first.valid_until) - Date.parse(first.valid_from)).toBe(4_000);

    await until(() => said().length === 3);
    expect(said()[2]).toBe("REMOVE host-1.example");
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(first.valid_until));
    expect(Date.now() - sentAtMs).toBeLessThan(15_000);
    const removal = objects()[2];
    expect(removal.valid_until).toBe(removal.modified);

    await misp.publisher.publish([attribute(1)]);
    await until(() => said().length === 4);
    expect(said()[3]).toBe("NEW host-1.example");
    await until(() => said().length === 5);
    expect(said()[4]).toBe("REMOVE host-1.example");
    await stop();
    expect(stderr()).toContain("withheld 2 (expired 2)");
  }, 40_000);

  it("removes first what ended while it did not run", async () => {
    const first = await start("max_age: 5s");
    await misp.publisher.publish([attribute(1)]);
    await until(() => first.said().length === 1);
    await first.stop();
    const endMs = Date.now() + 5_000;
    await until(() => Date.now() > endMs);
    const second = await start("max_age: 5s");
    await until(() => second.said().length === 1);
    expect(second.said()).toEqual(["REMOVE host-1.example"]);
    await second.stop();
  }, 40_000);

  it("follows its list of exceptions, and keeps the old one when the new one cannot be read", async () => {
    const list = (content: string) => {
      commands.write("new.txt", content);
      renameSync(commands.path("new.txt"), commands.path("except.txt"));
    };
    list("host-1.example\n");
    const { said, stderr, stop } = await start("except: { file: except.txt }");
    await misp.publisher.publish([attribute(1), attribute(2), attribute(3, { value: "www.host-3.example" })]);
    await until(() => said().length === 2);

    list("host-2.example # ours\nhost-3.example\n");
    await until(() => said().length === 5);
    expect(said().slice(2).sort()).toEqual([
      "NEW host-1.example",
      "REMOVE host-2.example",
      "REMOVE www.host-3.example",
    ]);

    list("10.0.0.0/33\n");
    await until(() => stderr().includes("stays as it was"));
    expect(stderr()).toContain("line 1: neither an IP address nor a network");
    await misp.publisher.publish([attribute(2, { comment: "still withheld" }), attribute(4)]);
    await until(() => said().length === 6);
    expect(said()[5]).toBe("NEW host-4.example");
    await stop();
  }, 60_000);

  it("announces what is published and may go out, and takes it back when that changes", async () => {
    const { said, stop } = await start("published_only: true, distribution: [community, connected, all]");
    // Stale, as MISP's flag is in messages of attributes.
    await misp.publisher.publish([attribute(1, {}, { published: true }), attribute(2, { distribution: "0" })]);
    await misp.publisher.publish([
      { topic: "misp_json", body: JSON.stringify({ Event: { id: "1", uuid: uuid(999), published: false } }) },
    ]);
    await until(() => said().length === 1);
    await misp.publisher.publish([event({ published: true, distribution: "0" })]);
    await until(() => said().length === 2);
    await misp.publisher.publish([event({ published: true })]);
    await until(() => said().length === 3);
    await misp.publisher.publish([event({ published: false })]);
    await until(() => said().length === 4);
    expect(said()).toEqual([
      "NEW host-1.example",
      "REMOVE host-1.example",
      "NEW host-1.example",
      "REMOVE host-1.example",
    ]);
    await stop();
  }, 40_000);

  it("explain shows what the gates say, also of another configuration", async () => {
    const { said, stop } = await start("max_age: 1d");
    await misp.publisher.publish([attribute(1)]);
    await until(() => said().length === 1);
    await stop();
    commands.write("except.txt", "example\n*.host-1.example\n");
    write(
      "published_only: true, distribution: [3], max_age: 1d, valid_for: { default: 2d }, except: { file: except.txt }",
    );
    const { stdout, code } = await commands.run("explain", uuid(1));
    expect(code).toBe(0);
    expect(stdout).toContain("FAIL  event published    whether the event is published is not known yet");
    expect(stdout).toContain("FAIL  distribution       may not go out with this community");
    expect(stdout).toContain("FAIL  no exception       matches the exception *.host-1.example");
    expect(stdout).toMatch(/pass {2}not too old {8}too old from .* on/);
    expect(stdout).toMatch(/pass {2}still valid {8}no longer valid from .* on/);
    expect(stdout).toContain("withhold: not_published");
    expect(stdout).toContain("evaluated anew when the program starts next");
  }, 40_000);
});
