import { join } from "node:path";
import { thorough } from "@tb/misp-core/testing";
import { createRandom, createRestServer, exampleKeys } from "@tb/misp-simulator";
import { describe, expect, it } from "vitest";
import { createAuthority } from "../../../packages/misp-api/test/certificates.ts";
import { startProxy } from "../../../packages/misp-api/test/proxy-server.ts";
import { type Command, createCommands, until } from "./command.ts";
import { useMisp } from "./misp.ts";

const commands = createCommands("sightings-program");
const misp = useMisp({ publishes: true });

/** The real program between MISP's publisher, MISP's REST API, and a tool on standard input and output. */
function start(
  options: { readonly api?: string; readonly sightings?: string; readonly zmq?: { readonly password: string } } = {},
) {
  const api = options.api ?? misp.api();
  const credentials = options.zmq === undefined ? "" : `, username: misp, password: ${options.zmq.password}`;
  const sightings = options.sightings === undefined ? "" : `, sightings: ${options.sightings}`;
  commands.configure(`plugins: { apps: { misp: { zmq: { ${misp.zmq()}${credentials} }, api: ${api}${sightings} } } }`);
  return misp.listening(() => commands.start([], { input: true }));
}

const indicators = (program: Command): string[] => program.objects().map(({ id }) => id);
const uuid = (n: number) => `0b4f7d34-9c53-4a6e-8b1d-${String(n).padStart(12, "0")}`;
const sighting = (n: number, indicator: string) => {
  const now = new Date().toISOString();
  const common = { type: "sighting", spec_version: "2.1", created: now, modified: now, last_seen: now };
  return `${JSON.stringify({ ...common, id: `sighting--${uuid(n)}`, sighting_of_ref: indicator })}\n`;
};
const inMisp = () => [...misp.model.state.sightings].map((row) => row.uuid);

/** Until there are so many in all. */
async function addIndicators(program: Command, total: number): Promise<void> {
  const event = misp.model.addEvent({ info: "Phishing wave" });
  await misp.publisher.publish(event.notifications);
  for (let i = program.lines().length; i < total; i++) {
    const added = misp.model.addAttribute({ eventId: event.id, type: "domain", value: `evil-${i}.example` });
    await misp.publisher.publish(added.notifications);
  }
  await until(() => program.lines().length === total);
}

describe("the program with an API key", () => {
  it("brings a tool's sightings to MISP, and recognises them when MISP tells of them", async () => {
    const program = await start();
    await addIndicators(program, 2);
    program.child.stdin.write(sighting(1, indicators(program)[0] ?? "") + sighting(2, indicators(program)[1] ?? ""));
    await until(() => inMisp().length === 2);
    expect(inMisp().sort()).toEqual([uuid(1), uuid(2)]);
    await misp.publisher.subscriptions.atLeast("misp_json_sighting ", 1);
    // MISP told of them before it answered; what it says after that comes after.
    await addIndicators(program, 3);
    await program.stop();
    expect(program.stderr()).toMatch(/in all: .*sightings 2, delivered 2, seen at MISP 2/);
    expect(program.stderr()).not.toContain(exampleKeys.own.key);
  }, 30_000);

  it("starts while MISP is down, keeps what tools report over a stop, and delivers it when MISP is back", async () => {
    const first = await start();
    await addIndicators(first, 1);
    await misp.rest.down();
    first.child.stdin.write(sighting(1, indicators(first)[0] ?? ""));
    await until(() => first.stderr().includes("MISP did not take a sighting"));
    await first.stop();
    const second = await start();
    await misp.rest.up();
    await until(() => inMisp().length === 1);
    await second.stop();
    expect(inMisp()).toEqual([uuid(1)]);
  }, 60_000);

  const kills = thorough ? 25 : 4;
  it(`SIGKILL ${kills} times among sightings: each is in MISP once`, async () => {
    const random = createRandom(7);
    let program = await start();
    await addIndicators(program, 20);
    const told = indicators(program);
    let last = 0;
    for (let kill = 0; kill < kills; kill++) {
      const from = last + 1;
      last += 5 + random(40);
      const lines = (numbers: readonly number[]) =>
        numbers.map((n) => sighting(n, told[n % told.length] ?? "")).join("");
      const all = Array.from({ length: last }, (_, i) => i + 1);
      // A tool sends again what it does not know to have arrived: standard input acknowledges nothing.
      const known = new Set(inMisp());
      program.child.stdin.write(lines(all.filter((n) => n >= from || !known.has(uuid(n)))));
      await new Promise((resolve) => setTimeout(resolve, random(400)));
      program.child.kill("SIGKILL");
      await program.closed;
      program = await start();
    }
    const known = new Set(inMisp());
    for (let n = 1; n <= last; n++) {
      if (!known.has(uuid(n))) program.child.stdin.write(sighting(n, told[n % told.length] ?? ""));
    }
    await until(() => new Set(inMisp()).size === last);
    await program.stop();
    expect(inMisp()).toHaveLength(last);
  }, 300_000);
});

describe("the program with a MISP behind a private authority and a proxy", () => {
  it("delivers through both, says what is wrong without the authority, and shows no secret whatever fails", async () => {
    const authority = createAuthority();
    const secure = await createRestServer(misp.model, { tls: authority.issue("IP:127.0.0.1") });
    try {
      const proxy = await startProxy();
      const [zmqPassword, proxyPassword] = ["zmq-geheim-1", "proxy-geheim-2"];
      await misp.publisher.rebind({ credentials: { username: "misp", password: zmqPassword } });
      commands.write("misp-key", `${exampleKeys.own.key}\n`);
      const settings = (host: string, more: string) =>
        `{ host: '${host}', key_file: misp-key, proxy: 'http://tool:${proxyPassword}@${proxy.address}'${more} }`;
      const zmq = { password: zmqPassword };
      let everything = "";

      const strange = await start({ api: settings(secure.url, ""), zmq });
      await until(() => strange.stderr().includes("ca_file"));
      await strange.stop();
      everything += strange.stderr();

      const program = await start({
        api: settings(secure.url, `, ca_file: '${join(authority.folder, "ca.pem")}'`),
        zmq,
      });
      await addIndicators(program, 1);
      program.child.stdin.write(sighting(1, indicators(program)[0] ?? ""));
      await until(() => inMisp().length === 1);
      expect(proxy.requests.length).toBeGreaterThan(0);
      for (const kind of ["html", "internal-error", "lost-answer"] as const) secure.fail({ kind }, { times: 2 });
      program.child.stdin.write(sighting(2, indicators(program)[0] ?? ""));
      await until(() => inMisp().length === 2);
      secure.revokeKey(exampleKeys.own.key);
      program.child.stdin.write(sighting(3, indicators(program)[0] ?? ""));
      await until(() => program.stderr().includes("sightings to MISP forbidden"));
      await program.stop();
      everything += program.stderr();
      for (const secret of [exampleKeys.own.key, zmqPassword, proxyPassword]) expect(everything).not.toContain(secret);
    } finally {
      await secure[Symbol.asyncDispose]();
      authority.remove();
    }
  }, 60_000);
});

describe("the program without an API key", () => {
  it("says what it cannot do, and drops sightings without blocking the tool", async () => {
    const program = await start({ api: `{ host: '${misp.rest.url}' }` });
    program.child.stdin.write(sighting(1, "indicator--0b4f7d34-9c53-4a6e-8b1d-ffffffffffff"));
    await until(() => program.stderr().includes("sightings are dropped"));
    await program.stop();
    expect(program.stderr()).toContain("sightings dropped 1 (no_api 1)");
    expect(misp.rest.requests).toEqual([]);
  }, 30_000);
});
