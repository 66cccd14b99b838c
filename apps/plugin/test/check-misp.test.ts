import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createMispApi, type MispApi } from "@tb/misp-api";
import { createRedact } from "@tb/misp-core";
import {
  createCountingUuid,
  createMispModel,
  createRestServer,
  exampleKeys,
  type RestFailure,
  type RestServer,
  type RestServerOptions,
} from "@tb/misp-simulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createAuthority, type Identity } from "../../../packages/misp-api/test/certificates.ts";
import { loadConfig } from "../src/config/load.ts";
import { formatProblems } from "../src/config/problem.ts";
import { checkMisp, type MispCheckOptions, openMispApi } from "../src/misp/check-misp.ts";
import type { UsableMisp } from "../src/misp/describe-misp.ts";

const nowMs = Date.parse("2026-11-24T12:00:00Z");
const day = 24 * 60 * 60;
const proxyPassword = "pr0xy-Passw0rd";
const secrets = [...Object.values(exampleKeys).map(({ key }) => key), proxyPassword];

let authority: ReturnType<typeof createAuthority>;
let certificate: Identity;
beforeAll(() => {
  authority = createAuthority();
  certificate = authority.issue("IP:127.0.0.1");
});
afterAll(() => authority.remove());

/** Everything that any test had said, one line each. */
let said: string[];
beforeEach(() => {
  said = [];
});
afterEach(() => {
  for (const secret of secrets) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]) {
      expect(said.join("\n")).not.toContain(form);
    }
  }
});

async function startMisp(options: RestServerOptions = {}): Promise<RestServer> {
  const model = createMispModel({ now: () => nowMs / 1000, uuid: createCountingUuid() });
  const server = await createRestServer(model, { now: () => nowMs / 1000, ...options });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

function open(host: string, key: string = exampleKeys.own.key): MispApi {
  const api = createMispApi({ host, key, now: () => nowMs });
  onTestFinished(() => api[Symbol.asyncDispose]());
  return api;
}

/** Runs a check to its end. `between` stands in for each pause, and gets how many there were. */
async function check(
  api: Pick<MispApi, "version" | "ownUser"> | undefined,
  between: (pause: number) => unknown = () => Promise.reject(new Error("it paused")),
  options: Partial<MispCheckOptions> = {},
) {
  const usable: UsableMisp[] = [];
  const pauses: number[] = [];
  const outcome = await checkMisp(api, {
    signal: new AbortController().signal,
    say: (level, text) => void said.push(`${level}: ${text}`),
    onUsable: (misp) => void usable.push(misp),
    now: () => nowMs,
    random: () => 1,
    async wait(ms) {
      pauses.push(ms);
      await between(pauses.length);
    },
    ...options,
  });
  return { outcome, usable, pauses };
}

const who = (role: string) =>
  expect.stringMatching(RegExp(`^info: MISP 2\\.5\\.1 takes the key: user \\d+ of organisation .+, role ${role}$`));

describe("a MISP that answers", () => {
  it("says who we are, and nothing else when nothing is missing", async () => {
    const { outcome, usable } = await check(open((await startMisp()).url));
    expect([outcome, said]).toEqual(["usable", [who("sighting")]]);
    expect(usable).toMatchObject([
      { version: { version: "2.5.1", maySight: true }, user: { role: { siteAdmin: false } } },
    ]);
  });

  it.each<[string, string, RegExp]>([
    [
      "no permission for sightings",
      exampleKeys.readOnly.key,
      /^warn: the key's role read-only may not report sightings, .*perm_sighting/,
    ],
    ["a site administrator's key", exampleKeys.admin.key, /^warn: the key is a site administrator's/],
  ])("%s is one line, and the key is used", async (_, key, line) => {
    const { outcome, usable } = await check(open((await startMisp()).url, key));
    expect([outcome, usable.length]).toEqual(["usable", 1]);
    expect(said).toEqual([who(".+"), expect.stringMatching(line)]);
  });

  it("a role that may not search is one line", async () => {
    const server = await startMisp();
    server.setKey({ ...exampleKeys.own, searches: { count: 0 } });
    await check(open(server.url));
    expect(said.slice(1)).toEqual([
      expect.stringMatching(/^warn: the key's role sighting may not search, so nothing heals/),
    ]);
  });

  it("a role whose searches are only limited is none", async () => {
    const server = await startMisp();
    server.setKey({ ...exampleKeys.own, searches: { count: 100 } });
    await check(open(server.url));
    expect(said).toEqual([who("sighting")]);
  });

  it("a read-only key of a user who may is told from a role that may not", async () => {
    const server = await startMisp();
    replyVersion(server, { version: "2.5.1", perm_sighting: false });
    await check(open(server.url));
    expect(said.slice(1)).toEqual([expect.stringMatching(/^warn: the key is read-only and may not report sightings/)]);
  });

  it.each<[number, string | undefined]>([
    [31 * day, undefined],
    [30 * day, "warn: the key expires at 2026-12-24T12:00:00.000Z, in 30 days; make a new one"],
    [day + 1, "in 1 day;"],
    [60, "in less than a day;"],
  ])("a key that expires in %i seconds", async (seconds, line) => {
    const server = await startMisp();
    server.setKey({ ...exampleKeys.own, expiresAt: nowMs / 1000 + seconds });
    const { outcome } = await check(open(server.url));
    expect([outcome, said.length]).toEqual(["usable", line === undefined ? 1 : 2]);
    if (line !== undefined) expect(said[1]).toContain(line);
  });

  it("a key that has expired by this machine's clock alone", async () => {
    const server = await startMisp();
    server.setKey({ ...exampleKeys.own, expiresAt: nowMs / 1000 + day });
    await check(open(server.url), undefined, { now: () => nowMs + 2 * day * 1000 });
    expect(said[1]).toMatch(/^warn: the key expired at 2026-11-25T12:00:00\.000Z, by this machine's clock/);
  });

  it.each([
    ["2.4.198", true],
    ["2.5.0", true],
    ["2.5.10", false],
    ["2.10.0", false],
    ["3.0.0", false],
    ["main", false],
  ])("version %s is older than what this program knows: %s", async (version, isOlder) => {
    const server = await startMisp();
    replyVersion(server, { version, perm_sighting: true });
    expect((await check(open(server.url))).outcome).toBe("usable");
    expect(said.some((line) => line.startsWith(`warn: MISP ${version} is older than 2.5.1`))).toBe(isOlder);
    expect(said).toHaveLength(isOlder ? 2 : 1);
  });

  it("that does not say whose the key is can be used", async () => {
    const server = await startMisp();
    server.fail({ kind: "answer", status: 404 }, { path: "/users/view/me" });
    const { outcome, usable } = await check(open(server.url));
    expect([outcome, usable]).toEqual(["usable", [expect.objectContaining({ user: undefined })]]);
    expect(said).toEqual([
      "info: MISP 2.5.1 takes the key",
      expect.stringMatching(/^warn: MISP takes the key and does not say whose it is: .*not found/),
    ]);
  });

  it("with names that would act on a terminal is shown without them", async () => {
    const server = await startMisp();
    replyVersion(server, { version: "2.5.1\u001b[2J", perm_sighting: true });
    await check(open(server.url));
    expect(said[0]).toContain("MISP 2.5.1\\u001b[2J takes the key");
  });
});

describe("a key that is refused is final: one request", () => {
  it.each<[string, string, RestFailure | undefined, RegExp]>([
    ["unknown", "x".repeat(40), undefined, /the key is not accepted: Authentication failed/],
    ["expired", exampleKeys.expired.key, undefined, /the key is not accepted: Auth key is expired/],
    [
      "401, from something before MISP",
      exampleKeys.own.key,
      { kind: "answer", status: 401 },
      /the key is not accepted/,
    ],
    [
      "403, from something before MISP",
      exampleKeys.own.key,
      { kind: "html", status: 403 },
      /not allowed with this key, with a text that is not MISP's/,
    ],
  ])("%s", async (_, key, failure, line) => {
    const server = await startMisp();
    if (failure !== undefined) server.fail(failure);
    const { outcome, usable, pauses } = await check(open(server.url, key));
    expect([outcome, usable, pauses, server.requests.length]).toEqual(["refused", [], [], 1]);
    expect(said).toEqual([expect.stringMatching(line)]);
    expect(said[0]).toMatch(/^error: MISP cannot be used: .*not asked again until the program is started anew/);
  });

  it("also when it is revoked between two questions", async () => {
    const server = await startMisp({
      beforeRequest: ({ path }) => void (path === "/users/view/me" && server.revokeKey(exampleKeys.own.key)),
    });
    expect((await check(open(server.url))).outcome).toBe("refused");
    expect(server.requests).toHaveLength(2);
  });
});

describe("a MISP that is down", () => {
  it("is told of once, asked again at growing pauses, and told of when it is back", async () => {
    const server = await startMisp();
    await server.down();
    let clock = nowMs;
    const between = (pause: number) => {
      clock += 10_000;
      return pause === 9 ? server.up() : undefined;
    };
    const { outcome, usable, pauses } = await check(open(server.url), between, { now: () => clock });
    expect([outcome, usable.length]).toEqual(["usable", 1]);
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000));
    expect(said).toEqual([
      expect.stringMatching(/^warn: MISP cannot be used yet: .*nothing listens there.*asks again by itself$/),
      "info: MISP answers, 90 s after it was first asked",
      who("sighting"),
    ]);
  });

  it("is asked with jitter, down to half of the pause", async () => {
    const server = await startMisp();
    await server.down();
    const { pauses } = await check(open(server.url), (pause) => pause === 8 && server.up(), { random: () => 0 });
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it("in several ways is told of once for each", async () => {
    const server = await startMisp();
    await server.down();
    const { outcome } = await check(open(server.url), async (pause) => {
      if (pause === 2) {
        server.fail({ kind: "html" });
        await server.up();
      }
      if (pause === 4) await server.down();
      if (pause === 6) {
        server.heal();
        await server.up();
      }
    });
    expect(outcome).toBe("usable");
    expect(said.map((line) => /\((\S+)\)/.exec(line)?.[1])).toEqual([
      "unreachable",
      "server-error",
      undefined,
      undefined,
    ]);
  });

  it.each<[string, RestFailure, RegExp]>([
    ["a proxy's error page", { kind: "html" }, /^warn: .*status 502.*not MISP's/],
    ["a page where JSON belongs", { kind: "html", status: 200 }, /^warn: .*no JSON.*login page in between/],
    ["half of an answer", { kind: "truncate", how: "json" }, /^warn: .*ends or breaks/],
    ["a connection that is reset", { kind: "reset" }, /^warn: .*closed without an answer/],
    ["MISP's own failure", { kind: "internal-error" }, /^warn: .*status 500/],
    ["JSON that is not MISP's", { kind: "answer", status: 200, body: "{}" }, /^warn: .*not one of MISP's/],
    ["nothing at that path", { kind: "answer", status: 404 }, /^error: .*not found.*is host right\?/],
  ])("%s", async (_, failure, line) => {
    const server = await startMisp();
    server.fail(failure);
    const { outcome } = await check(open(server.url), (pause) => pause === 3 && server.heal());
    expect(outcome).toBe("usable");
    expect(said).toEqual([expect.stringMatching(line), expect.stringMatching(/^info: MISP answers/), who("sighting")]);
  });

  it.each([
    [300, 300_000],
    [7_200, 3_600_000],
  ])("for a time that it names, %i s, is not asked before, up to an hour", async (resetSeconds, pause) => {
    const server = await startMisp();
    server.fail({ kind: "rate-limit", resetSeconds }, { times: 1 });
    const { outcome, pauses } = await check(open(server.url), () => undefined);
    expect([outcome, pauses]).toEqual(["usable", [pause]]);
  });

  it("and quotes the key in its answer gives nothing away", async () => {
    const server = await startMisp();
    const body = JSON.stringify({ message: `no database for ${exampleKeys.own.key}` });
    server.fail({ kind: "answer", status: 500, body, headers: { "Content-Type": "application/json" } });
    await check(open(server.url), () => server.heal());
    expect(said[0]).toContain("no database for ***");
  });
});

it("a redirect is not followed, and is asked for again only at the longest pause", async () => {
  const carried: unknown[] = [];
  const elsewhere = createServer((request, response) => {
    carried.push(request.headers);
    response.end();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void elsewhere.close(() => resolve())));
  const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/misp?token=${exampleKeys.own.key}`;
  const server = await startMisp();
  server.fail({ kind: "redirect", location });
  const { outcome, pauses } = await check(open(server.url), (pause) => pause === 2 && server.heal());
  expect([outcome, pauses, carried]).toEqual(["usable", [60_000, 60_000], []]);
  expect(said[0]).toMatch(
    /^error: MISP cannot be used yet: .*a redirect to http:\/\/127\.0\.0\.1:\d+\/misp is not followed/,
  );
});

describe("it stops when it is told to, without a word about it", () => {
  it("while MISP thinks", async () => {
    const stop = new AbortController();
    const server = await startMisp({ beforeRequest: () => stop.abort() });
    server.fail({ kind: "hang" });
    expect(await check(open(server.url), undefined, { signal: stop.signal })).toMatchObject({
      outcome: "stopped",
      usable: [],
    });
    expect(said).toEqual([]);
  });

  it("when the last answer has just come", async () => {
    const stop = new AbortController();
    const api = open((await startMisp()).url);
    const late: Pick<MispApi, "version" | "ownUser"> = {
      version: (options) => api.version(options),
      async ownUser() {
        const user = await api.ownUser();
        stop.abort();
        return user;
      },
    };
    expect(await check(late, undefined, { signal: stop.signal })).toMatchObject({ outcome: "stopped", usable: [] });
    expect(said).toEqual([]);
  });

  it("while it waits, on the real clock", async () => {
    const server = await startMisp();
    await server.down();
    const stop = new AbortController();
    const outcome = await checkMisp(open(server.url), {
      signal: stop.signal,
      say: (_, text) => {
        said.push(text);
        // Right after this it begins to wait, for half a minute at least.
        setImmediate(() => stop.abort());
      },
      onUsable: () => undefined,
      backoff: { initialMs: 60_000, maxMs: 60_000 },
    });
    expect([outcome, said.length]).toEqual(["stopped", 1]);
  });

  it("before it began", async () => {
    const server = await startMisp();
    expect((await check(open(server.url), undefined, { signal: AbortSignal.abort() })).outcome).toBe("stopped");
    expect([said, server.requests]).toEqual([[], []]);
  });

  it("when its client was closed", async () => {
    const api = open((await startMisp()).url);
    await api[Symbol.asyncDispose]();
    expect((await check(api)).outcome).toBe("stopped");
  });
});

describe("as configured", () => {
  /** A client and a redactor from a configuration file, as the program makes them. */
  function configure(api: string, environment: Record<string, string> = {}) {
    writeFileSync(join(authority.folder, "config.yaml"), `plugins: { misp: { zmq: {}, api: ${api} } }`);
    const loaded = loadConfig({ environment, workingDirectory: authority.folder });
    if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
    const client = openMispApi(loaded.config.api, environment);
    onTestFinished(async () => client?.[Symbol.asyncDispose]());
    said.push(...loaded.warnings.map((warning) => `warning: ${warning}`));
    return { client, redact: createRedact(loaded.config.secrets) };
  }
  const key = `key: ${exampleKeys.own.key}`;

  it("without api, or without its key, one line says what the program cannot do", async () => {
    expect(await check(openMispApi(undefined, {}))).toMatchObject({ outcome: "without-api", usable: [] });
    const { client } = configure("{ host: https://misp.example }");
    expect(client).toBeUndefined();
    expect(said[0]).toMatch(
      /^info: without MISP's API no sighting goes to MISP, and nothing heals what MISP's stream loses/,
    );
  });

  it("over HTTPS: an authority that is not known says that ca_file is for it; with ca_file it is known", async () => {
    const server = await startMisp({ tls: certificate });
    const stop = new AbortController();
    const { client } = configure(`{ host: "${server.url}", ${key} }`);
    const unknown = await check(client, () => stop.abort(), { signal: stop.signal });
    expect([unknown.outcome, unknown.pauses]).toEqual(["stopped", [60_000]]);
    expect(said).toEqual([
      expect.stringMatching(/^error: MISP cannot be used yet: .*give its certificate \(ca_file\)/),
    ]);
    expect(server.requests).toEqual([]);

    said = [];
    const known = configure(`{ host: "${server.url}", ${key}, ca_file: ca.pem }`).client;
    expect((await check(known)).outcome).toBe("usable");
    expect(said).toEqual([who("sighting")]);
  });

  it("over HTTPS with ssl: false any certificate will do, and a warning says so", async () => {
    const server = await startMisp({ tls: certificate });
    expect((await check(configure(`{ host: "${server.url}", ${key}, ssl: false }`).client)).outcome).toBe("usable");
    expect(said).toEqual([expect.stringContaining("MISP's certificate is not verified"), who("sighting")]);
  });

  it("a proxy of the environment that cannot be reached is named without its password", async () => {
    const server = await startMisp();
    await server.down();
    const { client, redact } = configure(`{ host: "http://misp.localhost", ${key} }`, {
      http_proxy: `http://u:${proxyPassword}@127.0.0.1:${server.port}`,
    });
    const stop = new AbortController();
    await check(client, () => stop.abort(), { signal: stop.signal });
    expect(said).toEqual([expect.stringMatching(/through the proxy http:\/\/127\.0\.0\.1:\d+/)]);
    expect(redact(`${proxyPassword} ${exampleKeys.own.key}`)).toBe("*** ***");
  });
});

function replyVersion(server: RestServer, body: object): void {
  const headers = { "Content-Type": "application/json" };
  server.fail({ kind: "answer", status: 200, headers, body: JSON.stringify(body) }, { path: "/servers/getVersion" });
}
