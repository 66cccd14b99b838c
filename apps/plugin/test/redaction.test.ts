import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createZmqPublisher } from "@tb/misp-simulator";
import { describe, expect, it } from "vitest";
import { createCommands, until } from "./command.ts";

const secrets = {
  password: 'zmq-Pa"ss w0rd%é',
  key: "api-k3y-of-forty",
  userInformation: "us3r=info",
  proxy: "pr0xy-secret",
};

const commands = createCommands("redaction");

/** All that the program writes, until it ends; SIGTERM once it has written what is waited for. */
async function run(parameters: readonly string[], environment: Readonly<Record<string, string>>, awaited?: RegExp) {
  const { child, stdout, stderr, closed } = commands.start(parameters, {
    environment: { ...process.env, ...environment },
  });
  if (awaited !== undefined) {
    await until(() => awaited.test(stdout() + stderr()) || child.exitCode !== null);
    child.kill("SIGTERM");
  }
  return { code: await closed, output: stdout() + stderr() };
}

/** How a secret would look as text, in JSON, in a URL and in a header. */
function forms(secret: string): readonly string[] {
  const inHeader = Buffer.from(secret).toString("base64");
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURI(secret), encodeURIComponent(secret), inHeader];
}

function expectNoSecret(text: string): void {
  for (const secret of Object.values(secrets)) for (const form of forms(secret)) expect(text).not.toContain(form);
}

/** Every file below a folder, as text. */
function contents(path: string): string {
  if (!statSync(path).isDirectory()) return readFileSync(path, "latin1");
  return readdirSync(path)
    .map((name) => name + contents(join(path, name)))
    .join("\n");
}

/** A configuration with each secret in its place, and all of them once more where the program shows what it reads. */
function configure(port: number, { zmq, api }: { readonly zmq: string; readonly api: string }): void {
  const state = `state ${Object.values(secrets).join(" ")}`;
  const userInformation = `user:${encodeURIComponent(secrets.userInformation)}`;
  commands.configure(`
logging: { console_verbosity: DEBUG, file: true, file_verbosity: DEBUG, filename: log }
plugins:
  apps:
    misp:
      api: { host: "https://${userInformation}@misp.example/", proxy: "http://p:${secrets.proxy}@proxy:3128", ${api} }
      zmq: { host: 127.0.0.1, port: ${port}, username: misp, ${zmq} }
state: { path: ${JSON.stringify(state)} }
`);
}

describe("no secret is ever shown: not by check, tap or explain, not in the log, not in its file, not in the index", () => {
  const inline = { zmq: `password: ${JSON.stringify(secrets.password)}`, api: `key: ${secrets.key}` };

  it.each([
    ["the configuration", inline, {}],
    [
      "files and the environment",
      { zmq: "password_file: password", api: "ssl: true" },
      { THREATBUS_PLUGINS__APPS__MISP__API__KEY: secrets.key },
    ],
  ])("from %s, while the publisher refuses the password", async (_, places, environment) => {
    await using publisher = await createZmqPublisher({ credentials: { username: "misp", password: "another" } });
    configure(publisher.port, places);
    commands.write("password", `${secrets.password}\n`);

    const checked = await run(["check"], environment);
    expect(checked).toMatchObject({ code: 0, output: expect.stringContaining("with username and password") });
    // The folder's name proves that there was something to hide.
    expect(checked.output).toContain("state *** *** *** ***\n");
    expect(checked.output).toContain("https://misp.example\n");
    expectNoSecret(checked.output);

    const ran = await run([], environment, /handshake failed/);
    const logged = readFileSync(commands.path("log"), "utf8");
    expect(ran.code).toBe(0);
    for (const text of [ran.output, logged]) {
      expect(text).toContain("handshake failed");
      expect(text).toContain("state *** *** *** ***");
      expectNoSecret(text);
    }
    const tapped = await run(["tap", "--explain"], environment, /handshake failed/);
    const explained = await run(["explain", "5f7b2284-bdd8-4ef4-b457-032ac0a82f02"], environment);
    expect([tapped.code, explained.code]).toEqual([0, 1]);
    for (const { output } of [tapped, explained]) {
      expect(output).toContain("the index in ");
      expect(output).toContain("state *** *** *** ***");
      expectNoSecret(output);
    }
    const index = contents(commands.path(`state ${Object.values(secrets).join(" ")}`));
    expect(index.length).toBeGreaterThan(1_000);
    expectNoSecret(index);
  });

  it("of a configuration with problems, and of a state folder that cannot be opened", async () => {
    configure(1, inline);
    const good = readFileSync(commands.path("config.yaml"), "utf8");
    commands.configure(good.replaceAll("username: misp", "usrname: misp, topics: []"));
    const refused = await run(["check"], {});
    expect(refused.code).toBe(78);
    for (const place of ["zmq.usrname", "zmq.topics", "belong together"]) expect(refused.output).toContain(place);
    expectNoSecret(refused.output);

    commands.configure(good);
    writeFileSync(commands.path(`state ${Object.values(secrets).join(" ")}`), "a file in its place");
    const stopped = await run([], {});
    expect(stopped.code).not.toBe(0);
    expect(stopped.output).toContain("state *** *** *** ***");
    expectNoSecret(stopped.output);
  });
});
