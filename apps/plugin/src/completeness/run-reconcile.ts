import type { Change, Finding } from "@tb/misp-core";
import type { Counters } from "../counters.ts";
import type { Committer } from "../pipeline/commit.ts";
import { type ReconcileAnswer, startProgress } from "./describe-reconcile.ts";
import {
  type ReconcileOptions,
  type ReconcileParts,
  type ReconcileProgress,
  type ReconcileScope,
  reconcile,
} from "./reconcile.ts";

/** What a person asks for. */
export interface ReconcileRequest {
  readonly scope?: ReconcileScope | undefined;
  readonly force?: boolean;
  /** Reads and decides, and keeps nothing. */
  readonly dryRun?: boolean;
  readonly onProgress?: (progress: ReconcileProgress) => void;
}

/** Reconciles as it was asked for, says how far it is, and counts what that brings to the bus, or would. */
export async function runReconcile(
  parts: ReconcileParts & {
    readonly tryOut: Committer["tryOut"];
    readonly counters: Counters;
    readonly sayProgress: (text: string) => void;
  },
  { scope, force = false, dryRun = false, onProgress }: ReconcileRequest,
  { between, ...options }: Pick<ReconcileOptions, "signal" | "heard" | "quiet" | "completes" | "between">,
): Promise<ReconcileAnswer> {
  const { counters, now } = parts;
  const startedAtMs = now();
  const before = counters.snapshot();
  const tried = { announced: 0, removed: 0 };
  const progress = startProgress(now, parts.sayProgress);
  const tryOut = async (facts: readonly (Change | Finding)[]) => {
    const would = parts.tryOut(facts);
    tried.announced += would.announced;
    tried.removed += would.removed;
  };
  const outcome = await reconcile(
    dryRun ? { ...parts, unlistedTags: new Set(parts.unlistedTags), commit: tryOut } : parts,
    {
      ...options,
      scope,
      force,
      onProgress(at) {
        progress.tell(at);
        onProgress?.(at);
      },
      ...(dryRun || between === undefined ? {} : { between }),
    },
  );
  const after = counters.snapshot();
  const sent = {
    announced: after.announced + after.edited - before.announced - before.edited,
    removed: after.removed - before.removed,
  };
  return { ...outcome, tookMs: now() - startedAtMs, ...(dryRun ? tried : sent) };
}
