import type { MispApi } from "@tb/misp-api";
import type { EventContext, Filter, Store } from "@tb/misp-core";
import { toCoverage } from "../src/completeness/coverage.ts";
import { type ReconcileOptions, type ReconcileOutcome, reconcile } from "../src/completeness/reconcile.ts";
import { createRefetch, type Refetch } from "../src/completeness/refetch.ts";
import type { Committer } from "../src/pipeline/commit.ts";
import type { Completeness } from "../src/pipeline/settle-entry.ts";

/** A program's completeness without its timers: everything happens when the test says so. */
export interface ManualReconciler {
  /** What the pipeline's decisions need to know. */
  readonly completeness: Completeness;
  readonly refetch: Refetch;
  /** One reconcile, from beginning to end. */
  reconcile(options?: Partial<ReconcileOptions>): Promise<ReconcileOutcome>;
  /** Asks MISP for what was left in doubt, as far as it is due. */
  askWhatIsDue(): Promise<void>;
}

export function createManualReconciler(parts: {
  readonly store: Store;
  /** Asked for when it is needed: the program starts before its client and its committer are made. */
  readonly api: () => MispApi;
  readonly committer: () => Pick<Committer, "commit">;
  readonly filter: Filter;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly sees: (event: EventContext) => boolean;
  readonly onRefused: (reason: string, detail: string) => void;
}): ManualReconciler {
  const { store, filter, now, signal, sees, onRefused } = parts;
  const unlistedTags = new Set<number>();
  const coverage = toCoverage(filter);
  const commit: Committer["commit"] = (facts, options) => parts.committer().commit(facts, options);
  let heard: Set<number> | undefined;
  const refetch = createRefetch(
    { attributesByUuid: (uuids, options) => parts.api().attributesByUuid(uuids, options) },
    commit,
    { usesTags: filter.usesTags, now, onRefused, onOverflow: () => onRefused("overflow", "too much is in doubt") },
  );
  return {
    completeness: {
      onLive: (eventId) => void heard?.add(eventId),
      wasHeard: (eventId) => heard?.has(eventId) ?? false,
      onDoubt: (uuid) => refetch.doubt(uuid),
      onFresh: (uuid, event) => refetch.fresh(uuid, event),
    },
    refetch,
    async reconcile(options = {}) {
      heard = new Set();
      try {
        return await reconcile(
          { store, api: parts.api(), commit, coverage, onRefused, now, sees, unlistedTags },
          { signal, heard, ...options },
        );
      } finally {
        heard = undefined;
      }
    },
    async askWhatIsDue() {
      const dueAtMs = refetch.dueAtMs();
      if (dueAtMs !== undefined && dueAtMs <= now()) await refetch.ask(signal);
    },
  };
}
