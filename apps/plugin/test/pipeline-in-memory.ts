import { type Bus, type Change, decode, type Finding, type StixObject, type Store } from "@tb/misp-core";
import { createMemoryStore } from "@tb/misp-core/testing";
import { type Counters, createCounters } from "../src/counters.ts";
import { type Committer, createCommitter } from "../src/pipeline/commit.ts";
import { type Publisher, startPublishing } from "../src/pipeline/publish.ts";
import type { Rules } from "../src/pipeline/settle-entry.ts";

/** The pipeline's stages over a store, without the loops round them. */
export interface PipelineInMemory {
  readonly store: Store;
  readonly committer: Committer;
  /** Commits, and publishes and confirms whatever is dirty; gives what was handed over to the bus meanwhile. */
  take(changes: readonly (Change | Finding)[]): Promise<readonly StixObject[]>;
  /** Publishes and confirms whatever is dirty. */
  settle(): Promise<void>;
}

export function createPipelineInMemory(
  rules: Rules,
  options: {
    /** @default a new one in memory */
    readonly store?: Store;
    readonly counters?: Counters;
    readonly publish?: (objects: readonly StixObject[]) => Promise<void> | void;
    /** Milliseconds since the epoch, the publisher's clock. */
    readonly now?: () => number;
  } = {},
): PipelineInMemory {
  const { store = createMemoryStore(), counters = createCounters(), publish, now = Date.now } = options;
  let sent: StixObject[] = [];
  const bus: Pick<Bus, "publish"> = {
    async publish(objects) {
      sent.push(...objects);
      await publish?.(objects);
    },
  };
  const committer = createCommitter(store, {
    rules,
    counters,
    takePublished: () => publisher.takePublished(),
    onCommitted: () => publisher.wake(),
  });
  const publisher: Publisher = startPublishing(store, bus as Bus, { counters, onPublished: () => undefined, now });
  let failure: unknown;
  publisher.done.catch((error) => (failure = error));
  const settle = async () => {
    while (store.dirtyAfter(0, 1).length > 0) {
      // What `publish` throws, as consumers do that were told two things of one version.
      if (failure !== undefined) throw failure;
      await new Promise((resolve) => setImmediate(resolve));
      await committer.confirm();
    }
  };
  return {
    store,
    committer,
    settle,
    async take(changes) {
      sent = [];
      await committer.commit(changes);
      await settle();
      return sent;
    },
  };
}

const encoder = new TextEncoder();

/** What a message of MISP's says, which must be readable. */
export function readMessage(message: string | object, observedAtMs: number): readonly Change[] {
  const body = encoder.encode(typeof message === "string" ? message : JSON.stringify(message));
  const decoded = decode({ topic: "misp", body, observedAtMs });
  if (!decoded.ok) throw new Error(`${decoded.reason}: ${decoded.detail}`);
  return decoded.changes;
}
