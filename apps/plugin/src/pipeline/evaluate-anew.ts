import type { Store } from "@tb/misp-core";
import type { Counters } from "../counters.ts";
import { createDraft, type Draft } from "./draft.ts";
import { type Rules, settleEntry } from "./settle-entry.ts";

/** How many entries one transaction evaluates anew: live messages go in between. */
const chunkSize = 2_000;

/** Evaluates what no message is about. */
export interface EvaluatesAnew {
  /**
   * Evaluates every entry when the digest of the rules is not the one it was evaluated with.
   *
   * @param options.apply brings the rules into force, right before the first entry is evaluated with them
   * @param options.signal ends it between two chunks; the next start begins anew
   */
  reevaluate(digest: string, options?: ReevaluateOptions): Promise<{ readonly entries: number }>;
  /** Evaluates the entries that time has changed the verdict of, as of `nowMs`: also when the clock has gone back. */
  expire(nowMs: number, options?: { readonly signal?: AbortSignal }): Promise<{ readonly entries: number }>;
}

interface ReevaluateOptions {
  readonly apply?: () => void;
  readonly signal?: AbortSignal;
}

export function createEvaluatesAnew(
  store: Store,
  options: {
    readonly rules: Rules;
    readonly counters: Counters;
    readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
    readonly write: (draft: Draft) => Promise<void>;
  },
): EvaluatesAnew {
  const { rules, counters, exclusively, write } = options;
  let last: Promise<unknown> = Promise.resolve();

  /** Undefined: there was nothing to do. */
  const begin = (digest: string, apply: (() => void) | undefined) =>
    exclusively(async () => {
      apply?.();
      if (store.meta().digest === digest) return false;
      // Until the last chunk no digest holds: killed in between, or with the rules back to what they were, it starts over.
      const draft = createDraft(store);
      draft.setMeta({ digest: "" });
      await write(draft);
      return true;
    });

  const evaluateAll = async (digest: string, { apply, signal }: ReevaluateOptions) => {
    if (!(await begin(digest, apply))) return { entries: 0 };
    let entries = 0;
    for (let afterId = 0, done = false; !done && signal?.aborted !== true; ) {
      await exclusively(async () => {
        const chunk = store.entriesAfter(afterId, chunkSize);
        const draft = createDraft(store);
        const nowMs = rules.quality?.now();
        const atMs = Math.max(store.meta().observedAtMs, nowMs ?? 0);
        for (const { id } of chunk) {
          settleEntry(
            draft,
            id,
            { atMs, removedUnknown: false, ...(nowMs === undefined ? {} : { nowMs }) },
            rules,
            counters,
          );
          afterId = id;
        }
        entries += chunk.length;
        done = chunk.length < chunkSize;
        if (done) draft.setMeta({ digest });
        await write(draft);
      });
    }
    return { entries };
  };

  return {
    reevaluate(digest, options = {}) {
      // One after the other, each to its end: which rules an entry was evaluated with last is then known.
      const result = last.then(() => evaluateAll(digest, options));
      last = result.catch(() => undefined);
      return result;
    },
    async expire(nowMs, { signal } = {}) {
      let entries = 0;
      for (;;) {
        const settled = await exclusively(async () => {
          const ids = dueIds(store, nowMs, chunkSize);
          if (ids.length === 0) return 0;
          const draft = createDraft(store);
          for (const id of ids) settleEntry(draft, id, { atMs: nowMs, removedUnknown: false, nowMs }, rules, counters);
          // What an entry is due by is what it was evaluated by; were it not so, this would go on for ever.
          const { entries: changed } = draft.changes();
          if (changed.length > 0) await write(draft);
          return changed.length;
        });
        entries += settled;
        if (settled === 0 || signal?.aborted === true) return { entries };
      }
    },
  };
}

/** Entries whose announcement has lapsed, and those that lapsed at a time that has not come yet, since the clock went back. */
function dueIds(store: Store, nowMs: number, limit: number): readonly number[] {
  const lapsed = store.dueBetween(0, nowMs + 1, limit);
  return lapsed.length > 0 ? lapsed : store.dueBetween(Number.NEGATIVE_INFINITY, -nowMs, limit);
}
