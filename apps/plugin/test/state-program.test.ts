import type { StixObject } from "@tb/misp-core";
import { thorough } from "@tb/misp-core/testing";
import {
  createLoss,
  createMispModel,
  createRandom,
  createRandomUuid,
  createRestServer,
  createZmqPublisher,
  exampleKeys,
  type RestFailure,
  randomAction,
} from "@tb/misp-simulator";
import { expect, it } from "vitest";
import { type Command, createCommands, until } from "./command.ts";
import { createConsumers } from "./consumers.ts";
import { describeDifferences, expectedIndicators } from "./expected.ts";

const commands = createCommands("state-program");

const rounds = thorough ? 12 : 4;
const actionsPerRound = 60;
const failures: readonly RestFailure[] = [
  { kind: "internal-error" },
  { kind: "html" },
  { kind: "truncate", how: "json" },
  { kind: "truncate", how: "connection" },
  { kind: "reset" },
];

/**
 * The real program with its store on disk, over a real socket and real HTTP. Here messages about local tags get lost too, which no
 * version tells of: what is read again on demand, whatever its version, heals them.
 */
it("the real program holds what MISP lists, after loss, failing requests, and kills of either side", async () => {
  const seed = Number(process.env["THREATBUS_MISP_STATE_SEED"] ?? Date.now() % 2 ** 31);
  const random = createRandom(seed);
  const loss = createLoss(0.2, createRandom(seed + 1));
  const now = () => Math.floor(Date.now() / 1000);
  const model = createMispModel({ now, uuid: createRandomUuid(random) });
  await using publisher = await createZmqPublisher({ watchSubscriptions: true, highWaterMark: 0 });
  await using misp = await createRestServer(model, { now });
  commands.configure(
    `plugins: { apps: { misp: { zmq: { host: 127.0.0.1, port: ${publisher.port} }, ` +
      `api: { host: '${misp.url}', key: ${exampleKeys.admin.key} }, reconcile: { interval: 1s } } } }`,
  );

  const consumers = createConsumers();
  let program: Command = commands.start();
  let taken = 0;
  /** Consumers outlive the program: each line that it completed has reached them. */
  const consume = () => {
    const lines = program.lines();
    consumers.receive(lines.slice(taken).map((line) => JSON.parse(line) as StixObject));
    taken = lines.length;
  };
  const differences = () => {
    consume();
    return describeDifferences(consumers.byId, consumers.byPattern, expectedIndicators(model, undefined));
  };

  await publisher.subscriptions.atLeast("misp_json_attribute ", 1);
  for (let round = 0; round < rounds; round++) {
    if (random(2) === 0) misp.fail(failures[random(failures.length)] as RestFailure, { after: random(4), times: 2 });
    for (let count = 0; count < actionsPerRound; count++) {
      await publisher.publish(loss.keep(randomAction(model, random, { silent: true }).notifications));
      if (random(4) === 0) await new Promise((resolve) => setTimeout(resolve, random(20)));
    }
    misp.heal();
    const what = random(3);
    if (what === 0) await publisher.rebind();
    else if (what === 1) {
      await misp.down();
      await misp.up();
    } else {
      program.child.kill("SIGKILL");
      await program.closed;
      consume();
      taken = 0;
      program = commands.start();
    }
  }
  expect(loss.lost, `seed ${seed}`).toBeGreaterThan(rounds);

  // Until MISP has answered the program for the first time it says no.
  for (;;) {
    const { code } = await commands.run("reconcile");
    if (code === 0) break;
  }
  const late = setTimeout(() => program.child.kill("SIGTERM"), 30_000);
  await until(() => differences().length === 0 || program.child.exitCode !== null);
  clearTimeout(late);
  expect(differences(), `seed ${seed}: ${program.stderr()}`).toEqual([]);
  await program.stop();
  expect(differences()).toEqual([]);
}, 240_000);
