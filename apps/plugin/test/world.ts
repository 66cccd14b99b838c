import { compileFilter, type Filter, type StixObject, type Store } from "@tb/misp-core";
import { createMemoryStore } from "@tb/misp-core/testing";
import {
  createCountingUuid,
  createMispModel,
  createMispzmq,
  createRandom,
  type Loss,
  type MispModel,
  randomAction,
} from "@tb/misp-simulator";
import type { Committer } from "../src/pipeline/commit.ts";
import type { Rules } from "../src/pipeline/settle-entry.ts";
import { type Consumers, createConsumers } from "./consumers.ts";
import type { PlainItem } from "./expected.ts";
import { createPipelineInMemory, type PipelineInMemory, readMessage } from "./pipeline-in-memory.ts";

/**
 * How MISP's messages reach us. ZeroMQ: in mispzmq's order, each once; a message counts as observed when it arrives. Kafka: in any
 * order, again after a kill; a message counts as observed when MISP produced it.
 */
export const transports = ["zmq", "kafka"] as const;
export type Transport = (typeof transports)[number];

/** Where the program is killed. */
export const killPoints = ["idle", "before-commit", "before-ack", "during-publish", "before-confirm"] as const;
type KillPoint = (typeof killPoints)[number];

/** What a program does besides its pipeline, from its start to its kill. */
interface ProgramParts {
  /** As the program sees it: after a kill nothing is written any more, whoever still tries. */
  readonly store: Store;
  readonly committer: () => Committer;
  /** Milliseconds, the clock by which messages count as observed. */
  readonly now: () => number;
  /** Aborts when the program is killed. */
  readonly signal: AbortSignal;
}

export interface WorldOptions {
  readonly transport: Transport;
  /** The filter; absent: everything. */
  readonly items?: readonly PlainItem[] | undefined;
  readonly onObjects?: (objects: readonly StixObject[]) => void;
  /** Also actions that MISP says nothing about. @default false */
  readonly silent?: boolean;
  /**
   * Of messages on their way. Those about local tags always arrive: MISP gives the event no other version for them, so nobody can
   * see that one is missing.
   */
  readonly loss?: Loss;
  /** Called with each start of the program; what it answers are rules of its own. */
  readonly onStart?: (parts: ProgramParts) => Partial<Rules>;
}

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
  /** Milliseconds since the epoch, by the clock of the program. */
  now(): number;
  /** Seconds pass. */
  wait(seconds: number): void;
  /** mispzmq or the broker dies: what waits is lost, as far as `loss` loses anything. */
  loseBacklog(): void;
  /** Delivers and publishes all there is. */
  settle(): Promise<void>;
  /** {@link settle}, and then the program ends. */
  finish(): Promise<void>;
}

interface Message {
  readonly body: string;
  /** About a local tag. */
  readonly unseen: boolean;
  readonly producedAtMs: number;
}

/** Lets everything that can run without new input run. */
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

export function compileItems(items: readonly PlainItem[] | undefined): Filter {
  const compiled = compileFilter(items === undefined ? undefined : { any: items });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.filter;
}

export function createWorld(options: WorldOptions): World {
  const { transport, items, onObjects = () => undefined, silent = false, loss } = options;
  const filter = compileItems(items);
  const store = createMemoryStore();
  const consumers = createConsumers();
  let seconds = 1_800_000_000;
  let milliseconds = seconds * 1000;
  const model = createMispModel({ now: () => seconds, uuid: createCountingUuid() });

  /** What MISP produced and nobody has taken in yet. */
  let waiting: Message[] = [];
  /** Never the same twice, and never behind MISP's clock: rows and messages are compared by it. */
  const tickClock = () => {
    milliseconds = Math.max(milliseconds + 1, seconds * 1000);
    return milliseconds;
  };
  const queue = createMispzmq<{ topic: string; message: Message }>(({ message }) => waiting.push(message));
  queue.pause();

  let busUp = true;
  let busChanged: (() => void)[] = [];
  let partial: number | undefined;

  const start = () => {
    let alive = true;
    const ended = new AbortController();
    const dead = new Promise<never>(() => undefined);
    const publish = async (objects: readonly StixObject[]) => {
      // Handing over takes its time, and transactions go on meanwhile.
      await tick();
      while (!busUp && alive) await new Promise<void>((resolve) => busChanged.push(resolve));
      if (!alive) return dead;
      const handedOver = partial === undefined ? objects : objects.slice(0, partial % (objects.length + 1));
      consumers.receive(handedOver);
      onObjects(handedOver);
      if (partial !== undefined) return dead;
      await tick();
      if (!alive) return dead;
    };
    const own: Store = {
      ...store,
      commit: (changes) => (alive ? store.commit(changes) : dead),
      expireWaiting: (beforeMs) => (alive ? store.expireWaiting(beforeMs) : dead),
    };
    const committer = () => pipeline.committer;
    const more = options.onStart?.({ store: own, committer, now: tickClock, signal: ended.signal });
    const pipeline: PipelineInMemory = createPipelineInMemory(
      { filter, reorders: transport === "kafka", ...more },
      { store: own, publish, now: () => milliseconds },
    );
    return {
      ...pipeline,
      die() {
        alive = false;
        ended.abort();
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
    const observedAtMs = ({ producedAtMs }: Message) => (transport === "zmq" ? tickClock() : producedAtMs);
    await program.committer.commit(messages.flatMap((message) => readMessage(message.body, observedAtMs(message))));
  };

  const world: World = {
    model,
    consumers,
    store,
    act(seed) {
      const random = createRandom(seed);
      // MISP's timestamps are whole seconds: many actions share one.
      if (random(3) === 0) seconds += random(3);
      const before = loss && localTags(model);
      const { notifications } = randomAction(model, random, { attributes: 15, silent });
      const local = before && new Set([...before, ...localTags(model)]);
      for (const { topic, body } of notifications) {
        const unseen =
          local !== undefined && topic === "misp_json_tag" && local.has(attachmentOf(JSON.parse(body).Tag));
        const message = { body, unseen, producedAtMs: tickClock() };
        if (loss === undefined || unseen || loss.keep([message]).length > 0) queue.push([{ topic, message }]);
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
    now: () => milliseconds,
    wait(passing) {
      seconds += passing;
    },
    loseBacklog() {
      if (loss === undefined) return;
      queue.drain(Number.POSITIVE_INFINITY);
      waiting = waiting.filter((message) => message.unseen || loss.keep([message]).length > 0);
    },
    async settle() {
      world.setBus(true);
      while (queue.size > 0 || waiting.length > 0) await world.deliver(50, 1);
      await program.settle();
    },
    async finish() {
      await world.settle();
      program.die();
    },
  };
  return world;
}

/** A tag on something, in one word: whether a message is about it. */
function attachmentOf(tag: {
  readonly id: unknown;
  readonly attribute_id?: unknown;
  readonly event_id?: unknown;
}): string {
  return tag.attribute_id === undefined ? `event ${tag.event_id} ${tag.id}` : `attribute ${tag.attribute_id} ${tag.id}`;
}

function localTags({ state }: MispModel): string[] {
  const of = (kind: string, { id, tags }: { readonly id: number; readonly tags: readonly Attached[] }) =>
    tags.flatMap(({ tag, local }) => (local ? [`${kind} ${id} ${tag.id}`] : []));
  return [...state.events]
    .flatMap((event) => of("event", event))
    .concat([...state.attributes].flatMap((attribute) => of("attribute", attribute)));
}

type Attached = { readonly tag: { readonly id: number }; readonly local: boolean };
