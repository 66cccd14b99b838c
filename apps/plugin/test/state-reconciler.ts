import type { MispApi } from "@tb/misp-api";
import { type ReconcileOptions, reconcile } from "../src/completeness/reconcile.ts";
import { createRefetch } from "../src/completeness/refetch.ts";
import type { Rules } from "../src/pipeline/settle-entry.ts";
import type { PlainItem } from "./expected.ts";
import { compileItems, type ProgramParts } from "./world.ts";

/** A program's completeness without its timers: everything happens when the test says so. */
export interface StateReconciler {
  /** What the pipeline's decisions need to know. */
  readonly rules: Partial<Rules>;
  /** One reconcile, from beginning to end. */
  reconcile(): Promise<void>;
  /** Asks MISP for what was left in doubt, as far as it is due. */
  refetch(): Promise<void>;
}

export function createStateReconciler(
  parts: ProgramParts & { readonly api: () => MispApi; readonly items: readonly PlainItem[] | undefined },
): StateReconciler {
  const { store, signal, now } = parts;
  const filter = compileItems(parts.items);
  const unlistedTags = new Set<number>();
  const onRefused = (reason: string, detail: string) => {
    throw new Error(`a row was refused: ${reason}: ${detail}`);
  };
  const commit: ReturnType<ProgramParts["committer"]>["commit"] = (facts, options) =>
    parts.committer().commit(facts, options);
  let heard: Set<number> | undefined;
  const refetch = createRefetch(
    { attributesByUuid: (uuids, options) => parts.api().attributesByUuid(uuids, options) },
    commit,
    { usesTags: filter.usesTags, now, onRefused, onOverflow: () => onRefused("overflow", "too much is in doubt") },
  );
  const askWhatIsDue = async () => {
    const dueAtMs = refetch.dueAtMs();
    if (dueAtMs !== undefined && dueAtMs <= now()) await refetch.ask(signal);
  };
  return {
    rules: {
      completeness: {
        onLive: (eventId) => void heard?.add(eventId),
        wasHeard: (eventId) => heard?.has(eventId) ?? false,
        onDoubt: (uuid) => refetch.doubt(uuid),
        onFresh: (uuid, event) => refetch.fresh(uuid, event),
      },
    },
    async reconcile() {
      heard = new Set();
      const options: ReconcileOptions = { signal, heard, between: askWhatIsDue };
      try {
        await reconcile(
          { store, api: parts.api(), commit, filter, onRefused, now, sees: () => true, unlistedTags },
          options,
        );
      } finally {
        heard = undefined;
      }
    },
    refetch: askWhatIsDue,
  };
}
