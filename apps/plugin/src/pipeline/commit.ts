import { type Change, confirmRemovals, type Finding, noFormer, type Store, type StoreMeta } from "@tb/misp-core";
import { type Counters, createCounters } from "../counters.ts";
import { decide } from "./decide.ts";
import { createDraft, type Draft } from "./draft.ts";
import { createEvaluatesAnew, type EvaluatesAnew } from "./evaluate-anew.ts";
import type { Published } from "./publish.ts";
import type { Rules } from "./settle-entry.ts";

/** The only writer of the store: one transaction after the other. */
export interface Committer extends EvaluatesAnew {
  /** Decides a batch and commits it, with the confirmations that have come up; resolves when it is durable. */
  commit(changes: readonly (Change | Finding)[], options?: CommitOptions): Promise<void>;
  /** Decides and commits nothing: how many entries would be announced, and how many patterns removed. */
  tryOut(changes: readonly (Change | Finding)[]): { readonly announced: number; readonly removed: number };
  /** Commits the confirmations alone, if there are any. */
  confirm(): Promise<void>;
  /** Drops what has been over for longer than its retention, in transactions between which others go on; says how many entries. */
  purge(nowMs: number, options?: { readonly signal?: AbortSignal }): Promise<number>;
}

interface CommitOptions {
  /** First announcements are not published. */
  readonly quiet?: boolean;
  readonly meta?: Partial<StoreMeta>;
}

/** Withdrawn entries stay for 30 days, for snapshots and late messages; `created` and `modified` per uuid outlive them. */
const tombstoneMs = 30 * 24 * 3600 * 1000;
/** Tag messages wait for their attribute for 24 hours. */
const waitingTagMs = 24 * 3600 * 1000;
const entriesPerPurge = 1_000;

export function createCommitter(
  store: Store,
  options: {
    readonly rules: Rules;
    readonly counters: Counters;
    readonly takePublished: () => readonly Published[];
    readonly onCommitted: () => void;
  },
): Committer {
  const { rules, counters, takePublished, onCommitted } = options;
  let last: Promise<unknown> = Promise.resolve();

  /** Runs one after the other: a draft is made of the state that the one before it committed. */
  const exclusively = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };

  const write = async (draft: Draft) => {
    await store.commit(draft.changes());
    onCommitted();
  };

  const commit = (changes: readonly (Change | Finding)[], { quiet = false, meta }: CommitOptions = {}) =>
    exclusively(async () => {
      const draft = createDraft(store);
      confirmPublished(draft, takePublished());
      decide(draft, changes, quiet ? { ...rules, quiet } : rules, counters);
      if (meta !== undefined) draft.setMeta(meta);
      await write(draft);
    });

  const purgeChunk = async (overAtMs: number, nowMs: number) => {
    const ids = store.removedBetween(0, overAtMs, entriesPerPurge);
    const draft = createDraft(store);
    let purged = 0;
    for (const id of ids) {
      const entry = draft.entry(id);
      if (entry === undefined) continue;
      // A bus that has been down all the time still has to hear of the removal.
      const removedAtMs = !entry.live && draft.isDirty(entry.sequence) ? nowMs : 0;
      // What is only withheld, not over, is still a mirror of MISP: it merely stops being a tombstone.
      const isOver = !entry.live && (entry.gone !== undefined || entry.content.deleted);
      if (isOver && removedAtMs === 0) draft.removeEntry(id);
      else draft.setEntry({ ...entry, removedAtMs, former: noFormer });
      if (!entry.live) purged += 1;
    }
    if (ids.length > 0) await write(draft);
    return { looked: ids.length, purged };
  };

  const anew = createEvaluatesAnew(store, { rules, counters, exclusively, write });

  return {
    commit,
    tryOut(changes) {
      const draft = createDraft(store);
      const { completeness: _, ...undisturbed } = rules;
      decide(draft, changes, undisturbed, createCounters());
      const { entries, dirty } = draft.changes();
      const isDirty = new Set(dirty.map(({ id }) => id));
      const told = entries.flatMap(({ after }) => (after !== undefined && isDirty.has(after.id) ? [after] : []));
      return {
        announced: told.filter(({ live }) => live).length,
        removed: told.reduce((sum, { outdated }) => sum + outdated.length, 0),
      };
    },
    confirm: () =>
      exclusively(async () => {
        const published = takePublished();
        if (published.length === 0) return;
        const draft = createDraft(store);
        confirmPublished(draft, published);
        await write(draft);
      }),
    ...anew,
    async purge(nowMs, { signal } = {}) {
      const expired = await exclusively(() => store.expireWaiting(nowMs - waitingTagMs));
      counters.increment("dropped", "expired_tag", expired);
      for (let purged = 0; ; ) {
        const chunk = await exclusively(() => purgeChunk(nowMs - tombstoneMs, nowMs));
        purged += chunk.purged;
        if (chunk.looked === 0 || signal?.aborted === true) return purged;
      }
    },
  };
}

/**
 * What was handed over is clean, unless something newer has come up since: that has replaced the dirty key. Patterns that were
 * removed are remembered, for an app that was away.
 */
export function confirmPublished(draft: Draft, published: readonly Published[]): void {
  for (const { sequence, id, removed, atMs } of published) {
    if (!draft.isDirty(sequence)) continue;
    draft.markClean(sequence);
    if (!removed) continue;
    const entry = draft.entry(id);
    if (entry !== undefined) draft.setEntry(confirmRemovals(entry, atMs));
  }
}
