import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { Subscriber } from "zeromq";
import { main, type Simulator, startSimulator } from "./start-simulator.ts";

async function subscribe(simulator: Simulator, prefix: string, options = {}): Promise<Subscriber> {
  const subscriber = new Subscriber({ linger: 0, receiveHighWaterMark: 0, ...options });
  onTestFinished(() => subscriber.close());
  subscriber.connect(`tcp://127.0.0.1:${simulator.ready.port}`);
  subscriber.subscribe(prefix);
  await simulator.ask({ subscribed: { prefix } });
  return subscriber;
}

async function receive(subscriber: Subscriber): Promise<string> {
  return String((await subscriber.receive())[0]);
}

it("performs actions, publishes what MISP says about them, and answers with the same", async () => {
  const simulator = await startSimulator("--watch", "--seed", "1");
  const subscriber = await subscribe(simulator, "misp_json_attribute ");
  const { id = 0 } = await simulator.ask({ action: "addEvent", info: "Phishing wave" });
  const answer = await simulator.ask({ action: "addAttribute", eventId: id, type: "domain", value: "evil.example" });
  expect(answer).toMatchObject({ ok: true, id: 1, notifications: [{ topic: "misp_json_attribute" }] });
  expect(await receive(subscriber)).toBe(`misp_json_attribute ${answer.notifications?.[0]?.body}`);
  expect((await simulator.ask({ attributes: true })).attributes).toMatchObject([{ id: 1, value: "evil.example" }]);
});

it("publishes raw messages and frames, and plays recordings", async () => {
  const simulator = await startSimulator("--watch");
  const subscriber = await subscribe(simulator, "");
  await simulator.ask({ publish: { topic: "misp_json_tag", body: { Tag: null } } });
  await simulator.ask({ publish: { topic: "misp_json_tag", body: "not JSON" } });
  await simulator.ask({ frame: "nospace" });
  expect([await receive(subscriber), await receive(subscriber), await receive(subscriber)]).toEqual([
    'misp_json_tag {"Tag":null}',
    "misp_json_tag not JSON",
    "nospace",
  ]);
  const file = fileURLToPath(new URL("../src/__fixtures__/misp-notifications.ndjson", import.meta.url));
  const { published = 0 } = await simulator.ask({ play: { file } });
  expect(published).toBeGreaterThan(40);
  expect(await receive(subscriber)).toMatch(/^misp_json_tag \{"Tag":\{"id":"2","name":"tlp:amber"/);
  for (let left = published - 1; left > 0; left--) await subscriber.receive();
});

it("makes load at a rate", async () => {
  const simulator = await startSimulator("--watch", "--high-water-mark", "0");
  const subscriber = await subscribe(simulator, "misp_json_attribute ");
  const generating = simulator.ask({ generate: { count: 1000, rate: 2000, kind: "add" } });
  const ids = new Set<string>();
  for (let count = 0; count < 1000; count++) ids.add(JSON.parse((await receive(subscriber)).slice(20)).Attribute.id);
  expect(ids.size).toBe(1000);
  const { elapsedMs = 0 } = await generating;
  expect(elapsedMs).toBeGreaterThan(450);

  await simulator.ask({ generate: { count: 10, kind: "edit" } });
  expect(JSON.parse((await receive(subscriber)).slice(20)).action).toBe("edit");
  const { published = 0 } = await simulator.ask({ generate: { count: 200, kind: "mixed" } });
  expect(published).toBeGreaterThan(100);
  expect((await simulator.ask({ random: { count: 3 } })).actions).toHaveLength(3);
});

it("lets topics overtake each other while mispzmq is paused", async () => {
  const simulator = await startSimulator("--watch");
  const subscriber = await subscribe(simulator, "");
  await simulator.ask({ mispzmq: "pause" });
  await simulator.ask({ action: "addEvent", info: "x", tags: [{ name: "tlp:red" }] });
  await simulator.ask({ action: "addAttribute", eventId: 1, type: "domain", value: "evil.example" });
  await simulator.ask({ action: "deleteEvent", id: 1 });
  expect((await simulator.ask({ mispzmq: "resume" })).waiting).toBe(0);
  const topics: string[] = [];
  for (let count = 0; count < 5; count++) topics.push((await receive(subscriber)).split(" ")[0] ?? "");
  expect(topics).toEqual([
    ...["misp_json_event", "misp_json_event", "misp_json_attribute", "misp_json_tag", "misp_json_tag"],
  ]);
});

it("can be frozen, go on, and rebind with a password", async () => {
  const simulator = await startSimulator("--watch");
  const subscriber = await subscribe(simulator, "misp_json_tag ");
  simulator.child.kill("SIGSTOP");
  const answer = simulator.ask({ publish: { topic: "misp_json_tag", body: "late" } });
  simulator.child.kill("SIGCONT");
  await answer;
  expect(await receive(subscriber)).toBe("misp_json_tag late");
  await simulator.ask({ rebind: { credentials: { username: "misp", password: "secret" } } });
  const second = await subscribe(simulator, "a ", { plainUsername: "misp", plainPassword: "secret" });
  await simulator.ask({ publish: { topic: "a", body: "hello" } });
  expect(await receive(second)).toBe("a hello");
});

it("answers what it cannot do with the reason, and goes on", async () => {
  const simulator = await startSimulator();
  for (const [line, code] of [
    ["not JSON", "invalid-command"],
    ["[]", "invalid-command"],
    ['{"what":1}', "invalid-command"],
    ['{"action":"nonsense"}', "invalid-command"],
    ['{"action":"deleteEvent","id":9}', "not-found"],
    ['{"play":{"file":"/nonexistent"}}', "ENOENT"],
    ['{"subscribed":{"prefix":"x","timeoutMs":1}}', "failed"],
  ] as const) {
    expect(await simulator.askLine(line), line).toMatchObject({ ok: false, error: { code } });
  }
  expect(await simulator.ask({ action: "addTag", name: "tlp:red" })).toMatchObject({ ok: true, id: 1 });
});

it.each([
  ["its stdin", (child: ChildProcess) => child.stdin?.end()],
  ["SIGTERM", (child: ChildProcess) => child.kill("SIGTERM")],
  [
    "SIGTERM while it waits",
    (child: ChildProcess) => {
      child.stdin?.write('{"subscribed":{"prefix":"never"}}\n', () => child.kill("SIGTERM"));
    },
  ],
])("ends with %s", async (_what, end) => {
  const { child } = await startSimulator("--watch");
  const exited = once(child, "exit");
  end(child);
  expect(await exited).toEqual([0, null]);
});

it("explains itself when called wrongly", async () => {
  const child = spawn(process.execPath, ["--import", "tsx", "--conditions=@tb/source", main]);
  let text = "";
  child.stderr.on("data", (chunk) => {
    text += chunk;
  });
  expect(await once(child, "close")).toEqual([64, null]);
  expect(text).toContain("Usage: main.ts publish");
});

it("loses a share of the messages, the same ones from the same seed", async () => {
  const heard = async () => {
    const simulator = await startSimulator("--watch", "--seed", "3", "--lose", "50", "--high-water-mark", "0");
    const subscriber = await subscribe(simulator, "");
    const { published = 0 } = await simulator.ask({ generate: { count: 200, kind: "add" } });
    const frames: string[] = [];
    while (frames.length < published) frames.push(await receive(subscriber));
    return frames.map(
      (frame) => frame.split(" ")[0] === "misp_json_attribute" && JSON.parse(frame.slice(20)).Attribute.id,
    );
  };
  const [first, second] = [await heard(), await heard()];
  expect(first.length).toBeGreaterThan(60);
  expect(first.length).toBeLessThan(140);
  expect(second).toEqual(first);
});
