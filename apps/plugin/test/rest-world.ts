import { createMispApi, type MispApi } from "@tb/misp-api";
import type { Filter, Store } from "@tb/misp-core";
import { createMemoryStore } from "@tb/misp-core/testing";
import {
  createCountingUuid,
  createMispModel,
  createRestServer,
  exampleKeys,
  type MispModel,
  type ModelNotification,
  type RestKey,
  type RestRequest,
  type RestServer,
} from "@tb/misp-simulator";
import type { ReconcileOptions, ReconcileOutcome } from "../src/completeness/reconcile.ts";
import type { Refetch } from "../src/completeness/refetch.ts";
import { type Consumers, createConsumers } from "./consumers.ts";
import { createManualReconciler } from "./manual-reconciler.ts";
import { createPipelineInMemory, readMessage } from "./pipeline-in-memory.ts";

/** A stand-in MISP with its REST API over HTTP, and the index with its consumers. Its clock stands until it is moved. */
export interface RestWorld extends AsyncDisposable {
  readonly model: MispModel;
  readonly misp: RestServer;
  readonly api: MispApi;
  readonly store: Store;
  readonly consumers: Consumers;
  readonly refetch: Refetch;
  /** What was said about rows that could not be read. */
  readonly refused: readonly string[];
  /** Moves the clock of both sides. */
  pass(seconds: number): void;
  /** What MISP says and comes through. */
  hear(notifications: readonly ModelNotification[]): Promise<void>;
  reconcile(options?: Partial<ReconcileOptions>): Promise<ReconcileOutcome>;
  /** Runs before MISP carries out a request. */
  beforeRequest: ((request: RestRequest) => void | Promise<void>) | undefined;
}

export async function createRestWorld(
  filter: Filter,
  { key = exampleKeys.own }: { readonly key?: RestKey } = {},
): Promise<RestWorld> {
  let milliseconds = 1_800_000_000_000;
  const seconds = () => Math.floor(milliseconds / 1000);
  const model = createMispModel({ now: seconds, uuid: createCountingUuid() });
  const misp = await createRestServer(model, {
    now: seconds,
    beforeRequest: (request) => world.beforeRequest?.(request),
  });
  // Of two requests, and of a message and a request, one is later.
  const now = () => {
    milliseconds += 0.001;
    return milliseconds;
  };
  const api = createMispApi({ host: misp.url, key: key.key, now, timeoutMs: 20_000 });
  const store = createMemoryStore();
  const consumers = createConsumers();
  const refused: string[] = [];
  const reconciler = createManualReconciler({
    store,
    api: () => api,
    committer: () => pipeline.committer,
    filter,
    now,
    signal: new AbortController().signal,
    sees: ({ ownerOrgId }) => key.role === "site-admin" || ownerOrgId === (key.orgId ?? 1),
    onRefused: (reason) => void refused.push(reason),
  });
  const pipeline = createPipelineInMemory(
    { filter, reorders: false, completeness: reconciler.completeness },
    { store, publish: consumers.receive },
  );

  const world: RestWorld = {
    model,
    misp,
    api,
    store,
    consumers,
    refetch: reconciler.refetch,
    refused,
    beforeRequest: undefined,
    pass(seconds) {
      milliseconds += seconds * 1000;
    },
    async hear(notifications) {
      for (const { body } of notifications) await pipeline.committer.commit(readMessage(body, now()));
      await pipeline.settle();
    },
    async reconcile(options) {
      try {
        return await reconciler.reconcile(options);
      } finally {
        await pipeline.settle();
      }
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await misp[Symbol.asyncDispose]();
    },
  };
  return world;
}
