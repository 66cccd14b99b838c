import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { Subscriber } from "zeromq";
import type { RestCommand } from "../src/cli/rest-commands.ts";
import { createMispModel, createRestServer, exampleKeys } from "../src/index.ts";
import { startSimulator } from "./start-simulator.ts";

async function start(...options: string[]) {
  const simulator = await startSimulator("--watch", ...options);
  const { rest } = simulator.ready;
  const get = (path: string, body?: unknown) =>
    fetch(`${rest.url}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        accept: "application/json",
        "content-type": "application/json",
        authorization: rest.keys["own"] ?? "",
        connection: "close",
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  return { ...simulator, rest: (command: RestCommand) => simulator.askLine(JSON.stringify({ rest: command })), get };
}

it("answers over REST from the model that the commands change, and publishes what REST added", async () => {
  const simulator = await start("--rest", "0");
  const subscriber = new Subscriber({ linger: 0 });
  onTestFinished(() => subscriber.close());
  subscriber.connect(`tcp://127.0.0.1:${simulator.ready.port}`);
  subscriber.subscribe("misp_json_sighting ");
  await simulator.ask({ subscribed: { prefix: "misp_json_sighting " } });
  await simulator.ask({ action: "addEvent", info: "Phishing wave" });
  await simulator.ask({ action: "addAttribute", eventId: 1, type: "domain", value: "evil.example" });

  const found = await simulator.get("/attributes/restSearch", { eventid: [1] });
  expect(await found.json()).toMatchObject({ response: { Attribute: [{ id: "1", value: "evil.example" }] } });
  const answer = await (await simulator.get("/sightings/add/1", { source: "siem" })).json();
  const [frame] = await subscriber.receive();
  const { Sighting } = JSON.parse(String(frame).slice("misp_json_sighting ".length));
  expect(Sighting).toMatchObject({ ...answer.Sighting, source: "siem" });
});

it("keeps what REST made it say while mispzmq is paused", async () => {
  const simulator = await start("--rest", "0");
  await simulator.ask({ action: "addEvent", info: "Phishing wave" });
  await simulator.ask({ action: "addAttribute", eventId: 1, type: "domain", value: "evil.example" });
  await simulator.ask({ mispzmq: "pause" });
  await simulator.get("/sightings/add/1", {});
  expect(await simulator.ask({ mispzmq: "pause" })).toMatchObject({ ok: true, waiting: 1 });
  expect(await simulator.ask({ mispzmq: "resume" })).toMatchObject({ ok: true, waiting: 0 });
});

it("takes failures, keys and narrowings, and says what was asked", async () => {
  const simulator = await start("--rest", "0");
  const { rest, get, ready } = simulator;
  await simulator.ask({ action: "addEvent", info: "Phishing wave" });
  const events = async () => (await get("/events/index/minimal:1")).json();

  await rest({ fail: { kind: "rate-limit", retryAfter: 3 }, path: "/events", times: 1 });
  expect((await get("/servers/getVersion")).status).toBe(200);
  const limited = await get("/events/index/minimal:1");
  expect([limited.status, limited.headers.get("Retry-After")]).toEqual([429, "3"]);
  expect(await events()).toHaveLength(1);

  await rest({ fail: { kind: "html" } });
  expect((await get("/servers/getVersion")).status).toBe(502);
  await rest("heal");
  await rest("down");
  await expect(get("/servers/getVersion")).rejects.toThrow("fetch failed");
  await rest("up");

  const key = ready.rest.keys["own"] ?? "";
  await rest({ narrow: { key, to: { withoutEvents: [1] } } });
  expect(await events()).toEqual([]);
  await rest({ narrow: { key, to: null } });
  expect(await events()).toHaveLength(1);
  await rest({ revoke: key });
  expect((await get("/servers/getVersion")).status).toBe(403);
  await rest({ key: { key } });
  expect((await get("/servers/getVersion")).status).toBe(200);

  const asked = await rest({ requests: "forget" });
  expect(asked).toMatchObject({ ok: true });
  expect(asked.ok && asked.requests?.map(({ method, path, status }) => `${method} ${path} ${status}`)).toContain(
    "GET /events/index/minimal:1 429",
  );
  expect(await rest({ requests: true })).toEqual({ ok: true, requests: [] });
});

it.each<[unknown]>([["nonsense"], [{ fail: { kind: "nonsense" } }], [{ fail: null }], [{}], [null]])(
  "does not understand %j, and goes on",
  async (command) => {
    const simulator = await start("--rest", "0");
    expect(await simulator.rest(command as RestCommand)).toMatchObject({
      ok: false,
      error: { code: "invalid-command" },
    });
    expect((await simulator.get("/servers/getVersion")).status).toBe(200);
  },
);

it("has no REST unless it is asked for, and says so", async () => {
  const simulator = await start();
  expect(simulator.ready.rest).toBeUndefined();
  expect(await simulator.rest("heal")).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining("--rest") },
  });
});

it("ends while a request hangs", async () => {
  const simulator = await start("--rest", "0");
  await simulator.rest({ fail: { kind: "hang" } });
  const hanging = simulator.get("/servers/getVersion");
  const exited = once(simulator.child, "exit");
  simulator.child.kill("SIGTERM");
  await expect(hanging).rejects.toThrow();
  expect(await exited).toEqual([0, null]);
});

it("serves HTTPS with a certificate of its own authority", async () => {
  const folder = await mkdtemp(join(tmpdir(), "misp-simulator-"));
  try {
    const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=misp.example", "-addext", "subjectAltName=IP:127.0.0.1"];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    await promisify(execFile)("openssl", ["req", "-x509", ...curve, "-keyout", keyFile, "-out", certFile, ...subject]);
    const [key, cert] = [await readFile(keyFile), await readFile(certFile)];
    const model = createMispModel({ now: () => 1, uuid: () => "00000000-0000-4000-8000-000000000001" });
    await using server = await createRestServer(model, { tls: { key, cert } });
    const get = (options: object) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { accept: "application/json", authorization: exampleKeys.own.key };
        request(`${server.url}/servers/getVersion`, { headers, agent: false, ...options }, (response) => {
          response.resume().once("end", () => resolve(response.statusCode));
        })
          .once("error", reject)
          .end();
      });
    expect(server.url).toMatch(/^https:/);
    expect(await get({ ca: cert })).toBe(200);
    await expect(get({})).rejects.toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    server.fail({ kind: "reset" });
    await expect(get({ ca: cert })).rejects.toThrow();
  } finally {
    await rm(folder, { recursive: true });
  }
});
