import { createMispApi, type MispApi } from "@tb/misp-api";
import type { StixObject } from "@tb/misp-core";
import {
  createLoss,
  createRandom,
  createRestServer,
  exampleKeys,
  type Random,
  type RestFailure,
} from "@tb/misp-simulator";
import {
  describeDifferences,
  type ExpectedIndicator,
  expectedIndicators,
  filtersToTry,
  toExpected,
} from "./expected.ts";
import { createManualReconciler, type ManualReconciler } from "./manual-reconciler.ts";
import { compileItems, createWorld, killPoints, transports } from "./world.ts";

const losses: readonly number[] = [0, 0.01, 0.1, 0.5];

/** Short enough that a request that hangs costs little. */
const impatientMs = 200;
const patientMs = 20_000;

/** What happened in an episode, for people. */
export interface EpisodeReport {
  readonly actions: number;
  readonly lost: number;
  readonly kills: number;
  readonly reconciles: number;
  /** Reconciles, and questions about single attributes, that did not go through. */
  readonly failures: number;
  readonly requests: number;
  readonly objects: number;
}

/**
 * A MISP with random analysts, the pipeline with a real client over real HTTP, and consumers. Messages get lost and overtake each
 * other, requests fail in every way, rows come late, either side is killed at any point; then everything works again, and there
 * is one reconcile. Throws when afterwards what consumers hold is not what MISP lists through the filter, or when something was
 * announced more often than once more than needed. This several times in a row. Everything follows from the seed but the moment at which a request ends.
 */
export async function playEpisode(seed: number, actions: number): Promise<EpisodeReport> {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const transport = pick(transports);
  const items = pick(filtersToTry);
  const lagSeconds = Math.max(0, random(4) - 1);
  const loss = createLoss(pick(losses), createRandom(seed + 1));
  const ledger = createLedger();
  let patient = false;
  let reconciler: ManualReconciler | undefined;
  const world = createWorld({
    transport,
    items,
    loss,
    silent: true,
    onObjects: ledger.receive,
    onStart(parts) {
      // The first program starts before its MISP: a client is made when it is needed.
      const clients = new Map<number, MispApi>();
      const api = () => {
        const timeoutMs = patient ? patientMs : impatientMs;
        const known = clients.get(timeoutMs);
        if (known !== undefined) return known;
        const made = createMispApi({ host: server.url, key: exampleKeys.admin.key, timeoutMs, now: parts.now });
        clients.set(timeoutMs, made);
        parts.signal.addEventListener("abort", () => void made[Symbol.asyncDispose](), { once: true });
        return made;
      };
      const made = createManualReconciler({
        ...parts,
        api,
        filter: compileItems(items),
        sees: () => true,
        onRefused(reason, detail) {
          throw new Error(`a row was refused: ${reason}: ${detail}`);
        },
      });
      reconciler = made;
      return { completeness: made.completeness };
    },
  });
  let between: (() => Promise<void>) | undefined;
  const server = await createRestServer(world.model, { beforeRequest: () => between?.() });
  const report = { actions: 0, kills: 0, reconciles: 0, failures: 0, requests: 0 };

  const act = () => {
    report.actions += 1;
    world.act(random(2 ** 32));
  };
  const kill = async () => {
    report.kills += 1;
    await world.kill(pick(killPoints), random(2 ** 32));
    ledger.killed();
  };
  const survive = async (work: Promise<unknown> | undefined) => {
    try {
      await work;
    } catch (error) {
      report.failures += 1;
      if (!isExpected(error)) throw error;
    }
  };
  const reconcile = async () => {
    report.reconciles += 1;
    await survive(reconciler?.reconcile({ between: reconciler.askWhatIsDue }));
  };

  const makeTrouble = () => {
    for (let count = Math.max(0, random(4) - 1); count > 0; count--) {
      server.fail(randomFailure(random), { after: random(6), times: 1 + random(3) });
    }
  };
  const heal = () => {
    server.heal();
    // From the first to the last: a row that was to be seen once is not hidden again.
    if (lagSeconds > 0) server.fail({ kind: "lag", seconds: lagSeconds });
  };
  /** Nobody does anything meanwhile: whatever MISP answers, what is right stays as it is. */
  const undisturbedReconcile = async () => {
    await world.settle();
    const expected = expectedIndicators(world.model, items);
    // What came back under another numeric id is the old attribute's removal until its new row can be read.
    for (const { id, uuid } of world.model.attributes()) {
      const known = world.store.byUuid(uuid);
      if (known === undefined || !("id" in known) || known.id !== id) expected.delete(`indicator--${uuid}`);
    }
    ledger.expectOnlyRepairs(expected, world.consumers.byId);
    await reconcile();
    await world.settle();
    ledger.expectOnlyRepairs();
  };
  const disturbedReconcile = async () => {
    const killAfter = random(4) === 0 ? random(8) : undefined;
    let requests = 0;
    let killed: Promise<void> | undefined;
    between = async () => {
      // Analysts and messages do not wait for a reconcile.
      for (let count = random(3); count > 0; count--) act();
      if (random(3) === 0) await world.deliver(1 + random(8), random(2 ** 32));
      if (requests++ === killAfter) killed = kill();
      await killed;
    };
    await reconcile();
    await killed;
    between = undefined;
  };

  /** Some actions and everything that can go wrong. */
  const playRound = async (until: number) => {
    while (report.actions < until) {
      const chance = random(100);
      if (chance < 62) act();
      else if (chance < 82) await world.deliver(1 + random(12), random(2 ** 32));
      else if (chance < 85) world.setBus(random(2) === 0);
      else if (chance < 88) await kill();
      else if (chance < 89) world.loseBacklog();
      else if (chance < 90) await (random(4) === 0 ? server.down() : server.up());
      else if (chance < 92) world.wait(random(4));
      else if (chance < 93) await survive(reconciler?.askWhatIsDue());
      else {
        makeTrouble();
        if (chance < 95) await undisturbedReconcile();
        else await disturbedReconcile();
        heal();
      }
    }
  };
  /** MISP is well again, nothing waits any more, and the latest changes are older than what a look counts as the latest. */
  const compareAfterOneReconcile = async () => {
    await server.up();
    server.heal();
    patient = true;
    await world.settle();
    if (random(2) === 0) await kill();
    await world.settle();
    world.wait(20);
    await undisturbedReconcile();
    patient = false;
    heal();
    const expected = expectedIndicators(world.model, items);
    const wrong = describeDifferences(world.consumers.byId, world.consumers.byPattern, expected);
    if (wrong.length > 0) throw new Error(`what consumers hold is not what MISP lists:\n${wrong.join("\n")}`);
    ledger.check();
  };

  try {
    heal();
    while (report.actions < actions) {
      // A short one shows what one change leads to when all else has been read already.
      await playRound(Math.min(actions, report.actions + 1 + random(random(3) === 0 ? 60 : 8)));
      await compareAfterOneReconcile();
    }
    return { ...report, lost: loss.lost, requests: server.requests.length, objects: world.consumers.received };
  } finally {
    await world.finish();
    await server[Symbol.asyncDispose]();
  }
}

function randomFailure(random: Random): RestFailure {
  const kinds: readonly RestFailure[] = [
    { kind: "internal-error" },
    { kind: "rate-limit", resetSeconds: 1 },
    { kind: "html" },
    { kind: "html", status: 200 },
    { kind: "truncate", how: "json" },
    { kind: "truncate", how: "connection" },
    { kind: "truncate", how: "stall" },
    { kind: "hang" },
    { kind: "reset" },
    { kind: "lost-answer" },
    { kind: "searches-not-allowed" },
    { kind: "repeat-page" },
  ];
  return kinds[random(kinds.length)] as RestFailure;
}

/** A reconcile may end before its end because MISP fails, or because the program is killed. Everything else is a defect. */
function isExpected(error: unknown): boolean {
  return error instanceof Error && (error.name === "MispApiError" || error.name === "AbortError");
}

/** Counts how often consumers were told the same. */
function createLedger() {
  /** By id and `modified`: how often it went out, and how many kills there had been when it first did. */
  const versions = new Map<string, { count: number; readonly kills: number }>();
  /** Each id's last announcement without its `modified`, unless it was removed since. */
  const last = new Map<string, string>();
  const problems: string[] = [];
  let kills = 0;
  let right: ReadonlySet<string> = new Set();

  return {
    receive(objects: readonly StixObject[]): void {
      /** Consumers drop by value, so what still holds a value that was removed is said again behind the removal: that is needed. */
      const removed = new Set<unknown>();
      for (const object of objects) {
        const { id } = object;
        const isRemoval = object["x_threatbus_update"] === "REMOVE";
        const survives = !isRemoval && removed.has(object["pattern"]);
        if (isRemoval) removed.add(object["pattern"]);
        const said = JSON.stringify({ ...object, modified: undefined, x_threatbus_update: undefined });
        if (right.has(id) && !survives && (isRemoval || last.get(id) === said)) {
          problems.push(`was right already, and the reconcile said ${JSON.stringify(object)}`);
        }
        if (isRemoval) last.delete(id);
        else last.set(id, said);
        if (survives) continue;
        const key = `${id} ${object["modified"]} ${isRemoval ? object["pattern"] : ""}`;
        const version = versions.get(key) ?? { count: 0, kills };
        versions.set(key, version);
        version.count += 1;
        // Handed over and not confirmed yet, it goes out once more: after a kill, or when the entry was touched meanwhile.
        const needed = 1 + kills - version.kills;
        if (version.count > needed + 1) problems.push(`${version.count} times: ${JSON.stringify(object)}`);
      }
    },
    killed(): void {
      kills += 1;
    },
    /** From now on what consumers hold rightly must be neither withdrawn nor said again without news; absent: it may. */
    expectOnlyRepairs(expected?: ReadonlyMap<string, ExpectedIndicator>, held?: ReadonlyMap<string, StixObject>): void {
      const isRight = ([id, due]: readonly [string, ExpectedIndicator]) => {
        const object = held?.get(id);
        return object !== undefined && JSON.stringify(toExpected(object)) === JSON.stringify(due);
      };
      right = new Set([...(expected ?? [])].filter(isRight).map(([id]) => id));
    },
    check(): void {
      if (problems.length > 0) throw new Error(`announced more often than needed:\n${problems.join("\n")}`);
    },
  };
}
