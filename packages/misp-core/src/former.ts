import type { Former, IndexEntry, Outdated } from "./index-entry.ts";
import { samePattern } from "./same-pattern.ts";

/** Nearly every entry has none: they share one list, which costs nothing to make, to copy or to store. */
export const noFormer: readonly Former[] = [];

/** How many an entry keeps. An attribute that is edited more often than that, with an app away all the while, is a counter. */
const maxFormer = 20;

/** STIX `modified` of an entry's REMOVEs, milliseconds: one for each of `outdated`, in its order, the last right before what follows it. */
export function removalTimes({ live, modifiedMs, outdated }: IndexEntry): readonly number[] {
  const last = live ? modifiedMs - 1 : modifiedMs;
  return outdated.map((_, i) => last - (outdated.length - 1 - i));
}

/**
 * The entry after its REMOVEs were handed over: nothing is outdated any more, and what was is remembered, for an app that was
 * away at the time.
 *
 * @param atMs when they were handed over, milliseconds
 */
export function confirmRemovals(entry: IndexEntry, atMs: number): IndexEntry {
  const times = removalTimes(entry);
  const removed = entry.outdated.map((old, i): Former => ({ ...old, modifiedMs: times[i] as number, atMs }));
  const kept = entry.former.filter((old) => !removed.some((other) => samePattern(old, other)));
  return { ...entry, outdated: [], former: [...kept, ...removed].slice(-maxFormer) };
}

/** Without a pattern that consumers are to hold again. */
export function withoutPattern(former: readonly Former[], pattern: Outdated): readonly Former[] {
  if (former.length === 0) return former;
  const rest = former.filter((old) => !samePattern(old, pattern));
  return rest.length === 0 ? noFormer : rest;
}

/** When the last of an entry's patterns was withdrawn, milliseconds; 0: none was, as far as the index remembers. */
export function withdrawnAtMs({ removedAtMs, former }: IndexEntry): number {
  return former.length === 0 ? removedAtMs : former.reduce((latest, { atMs }) => Math.max(latest, atMs), removedAtMs);
}
