import { type Bus, compileFilter, decode, type Filter, type StixObject, type Store } from "@tb/misp-core";
import { createMemoryStore } from "@tb/misp-core/testing";
import {
  createCountingUuid,
  createMispModel,
  createMispzmq,
  createRandom,
  type MispModel,
  randomAction,
} from "@tb/misp-simulator";
import { createCounters } from "../src/counters.ts";
import { createCommitter } from "../src/pipeline/commit.ts";
import { type Publisher, startPublishing } from "../src/pipeline/publish.ts";
import { type Consumers, createConsumers } from "./consumers.ts";
import type { PlainItem } from "./expected.ts";

/** How MISP's messages reach us. */
export type Transport =
  /** In mispzmq's order, each once; a message counts as observed when it arrives. */
  | "zmq"
  /** In any order, again after a kill; a message counts as observed when MISP produced it. */
  | "kafka";

/** Where the program is killed. */
type KillPoint = "idle" | "before-commit" | "before-ack" | "during-publish" | "before-confirm";

/** A stand-in MISP, the pipeline over a store that survives kills, and consumers that survive everything. */
export interface World {
  readonly model: MispModel;
  readonly consumers: Consumers;
  readonly store: Store;
  /** One random action of an analyst. */
  act(seed: number): void;
  /** Hands at most so many messages to the pipeline, as one batch. */
  deliver(count: number, seed: number): Promise<void>;
  setBus(up: boolean): void;
  kill(point: KillPoint, seed: number): Promise<void>;
  /** Delivers and publishes all there is. */
  finish(): Promise<void>;
}

interface Message {
  readonly body: Uint8Array;
  readonly producedAtMs: number;
}

const encoder = new TextEncoder();

/** Lets everything that can run without new input run. */
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

export function compileItems(items: readonly PlainItem[] | undefined): Filter {
  const compiled = compileFilter(items === undefined ? undefined : { any: items }, { mispTypes: [] });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.filter;
}

export function createWorld(
  transport: Transport,
  items: readonly PlainItem[] | undefined,
  onObjects: (objects: readonly StixObject[]) => void = () => undefined,
): World {
  const filter = compileItems(items);
  const store = createMemoryStore();
  const consumers = createConsumers();
  let seconds = 1_800_000_000;
  let milliseconds = seconds * 1000;
  const model = createMispModel({ now: () => seconds, uuid: createCountingUuid() });

  /** What MISP produced and nobody has taken in yet. */
  const waiting: Message[] = [];
  const queue = createMispzmq<{ topic: string; message: Message }>(({ message }) => waiting.push(message));
  queue.pause();

  let busUp = true;
  let busChanged: (() => void)[] = [];
  let partial: number | undefined;

  const start = () => {
    let alive = true;
    const dead = new Promise<never>(() => undefined);
    const bus: Pick<Bus, "publish"> = {
      async publish(objects) {
        // Handing over takes its time, and transactions go on meanwhile.
        await tick();
        while (!busUp && alive) await new Promise<void>((resolve) => busChanged.push(resolve));
        if (!alive) return dead;
        if (partial !== undefined) {
          consumers.receive(objects.slice(0, partial % (objects.length + 1)));
          return dead;
        }
        consumers.receive(objects);
        onObjects(objects);
        await tick();
        if (!alive) return dead;
      },
    };
    let publisher: Publisher | undefined;
    const committer = createCommitter(store, {
      rules: { filter, reorders: transport === "kafka" },
      counters: createCounters(),
      takePublished: () => publisher?.takePublished() ?? [],
      onCommitted: () => publisher?.wake(),
    });
    publisher = startPublishing(store, bus as Bus, { counters: createCounters(), onPublished: () => undefined });
    return {
      committer,
      publisher,
      die() {
        alive = false;
      },
    };
  };
  let program = start();
  const restart = () => {
    program.die();
    partial = undefined;
    program = start();
  };

  const take = (count: number, seed: number): Message[] => {
    if (transport === "zmq") {
      queue.drain(count);
      return waiting.splice(0);
    }
    queue.drain(Number.POSITIVE_INFINITY);
    const random = createRandom(seed);
    const taken: Message[] = [];
    while (taken.length < count && waiting.length > 0) taken.push(...waiting.splice(random(waiting.length), 1));
    return taken;
  };
  const commit = async (messages: readonly Message[]) => {
    const changes = messages.flatMap(({ body, producedAtMs }) => {
      if (transport === "zmq") milliseconds += 1;
      const observedAtMs = transport === "zmq" ? milliseconds : producedAtMs;
      const decoded = decode({ topic: "any", body, observedAtMs });
      if (!decoded.ok) throw new Error(`${decoded.reason}: ${decoded.detail}`);
      return decoded.changes;
    });
    await program.committer.commit(changes);
  };

  const world: World = {
    model,
    consumers,
    store,
    act(seed) {
      const random = createRandom(seed);
      // MISP's timestamps are whole seconds: many actions share one.
      if (random(3) === 0) seconds += random(3);
      for (const { topic, body } of randomAction(model, random, { attributes: 15 }).notifications) {
        milliseconds += 1;
        queue.push([{ topic, message: { body: encoder.encode(body), producedAtMs: milliseconds } }]);
      }
    },
    async deliver(count, seed) {
      await commit(take(count, seed));
      for (let turns = seed % 5; turns > 0; turns--) await tick();
    },
    setBus(up) {
      busUp = up;
      const changed = busChanged;
      busChanged = [];
      for (const resolve of changed) resolve();
    },
    async kill(point, seed) {
      if (point === "during-publish") {
        partial = seed;
        await world.deliver(5, seed);
        await tick();
        return restart();
      }
      if (point === "before-confirm") {
        await tick();
        await tick();
        return restart();
      }
      if (point === "idle" || transport === "zmq") {
        await program.committer.confirm();
        return restart();
      }
      const batch = take(4, seed);
      if (point === "before-ack") await commit(batch);
      // Not acknowledged: the broker delivers it again.
      waiting.push(...batch);
      restart();
    },
    async finish() {
      world.setBus(true);
      while (queue.size > 0 || waiting.length > 0) await world.deliver(50, 1);
      while (store.dirtyAfter(0, 1).length > 0) {
        await tick();
        await program.committer.confirm();
      }
      program.die();
      await program.publisher.stop(AbortSignal.timeout(1000));
    },
  };
  return world;
}
