import type { Verdict } from "./evaluate.ts";
import { noFormer, withoutPattern } from "./former.ts";
import type { Announced, IndexEntry, Outdated } from "./index-entry.ts";
import { samePattern } from "./same-pattern.ts";

/** What a verdict makes of an entry, and whether consumers must hear of it. */
export interface Settled {
  readonly entry: IndexEntry;
  readonly dirty: boolean;
}

/** What the entry alone does not say. */
export interface SettleContext {
  /** Its dirty key still stands: what it last announced may not have been published, or not be confirmed. */
  readonly pending: boolean;
  /** When the facts behind the verdict were observed, milliseconds. */
  readonly observedAtMs: number;
}

/**
 * Applies a verdict: announces, announces again, withdraws, or leaves things as they are. Every pattern that consumers may
 * know stays in the entry until a publication without it is confirmed, so that a kill in between loses no removal.
 */
export function settle(entry: IndexEntry, verdict: Verdict, context: SettleContext): Settled {
  if ("withhold" in verdict) return withhold(entry, context);
  const next = verdict.announce;
  if (entry.live && entry.announced !== undefined && samePattern(entry.announced, next)) {
    if (sameAnnounced(entry.announced, next)) return { entry, dirty: false };
    // Until the plain announcement is confirmed nobody may have it, and some consumers ignore an EDIT: keep it plain.
    const edit = context.pending ? entry.edit : true;
    const modifiedMs = nextModified(entry, entry.outdated.length + 1);
    return { entry: { ...entry, announced: next, edit, modifiedMs }, dirty: true };
  }
  const outdated = withdraw(entry).filter((old) => !samePattern(old, next));
  const createdMs = entry.createdMs === 0 ? firstCreated(entry) : entry.createdMs;
  const modifiedMs = nextModified(entry, outdated.length + 1);
  const former = withoutPattern(entry.former, next);
  const announced = {
    announced: next,
    live: true,
    edit: false,
    outdated,
    createdMs,
    modifiedMs,
    removedAtMs: 0,
    former,
  };
  return { entry: { ...entry, ...announced }, dirty: true };
}

function withhold(entry: IndexEntry, { observedAtMs }: SettleContext): Settled {
  if (entry.live) {
    const outdated = withdraw(entry);
    const modifiedMs = nextModified(entry, outdated.length);
    const withdrawn = { live: false, edit: false, outdated, modifiedMs, removedAtMs: observedAtMs };
    return { entry: { ...entry, ...withdrawn }, dirty: true };
  }
  const over = entry.gone !== undefined || entry.content.deleted;
  return { entry: over && entry.removedAtMs === 0 ? { ...entry, removedAtMs: observedAtMs } : entry, dirty: false };
}

/**
 * A removal of an attribute that the index does not know, while it may be incomplete: an earlier run may have announced it.
 * `fields` is what the removal's own message would have been announced as.
 */
export function removeUnknown(entry: IndexEntry, fields: Announced, observedAtMs: number): Settled {
  const createdMs = firstCreated(entry);
  const told = { ...entry, announced: fields, live: true, createdMs, modifiedMs: createdMs };
  return withhold(told, { pending: false, observedAtMs });
}

/** The new id of a re-imported attribute takes over what consumers hold of the old one. MISP never reuses a numeric id. */
export function takeOver(
  entry: IndexEntry,
  old: IndexEntry,
  observedAtMs: number,
): { readonly entry: IndexEntry; readonly old: IndexEntry } {
  const { announced, live, edit, outdated, createdMs, modifiedMs, removedAtMs, former } = old;
  return {
    entry: {
      ...entry,
      announced,
      live,
      edit,
      outdated,
      createdMs,
      modifiedMs,
      removedAtMs,
      former,
    },
    old: {
      ...old,
      gone: "superseded",
      live: false,
      edit: false,
      outdated: [],
      removedAtMs: observedAtMs,
      sequence: 0,
      dueAtMs: 0,
      former: noFormer,
    },
  };
}

/** MISP's timestamp, at least 1, since 0 means "not announced yet" in the index. */
function firstCreated(entry: IndexEntry): number {
  return Math.max(1, entry.content.timestamp * 1000);
}

/** All patterns that consumers may hold, once the present announcement no longer stands. */
function withdraw(entry: IndexEntry): readonly Outdated[] {
  if (!entry.live || entry.announced === undefined) return entry.outdated;
  const { pattern, patternType, name } = entry.announced;
  return [
    ...entry.outdated.filter((old) => !samePattern(old, entry.announced as Announced)),
    { pattern, patternType, name },
  ];
}

/**
 * The `modified` of the last of an entry's next objects: one millisecond for each REMOVE and one for the announcement, so that
 * no two different objects of one id share it.
 */
function nextModified(entry: IndexEntry, objects: number): number {
  return Math.max(entry.content.timestamp * 1000, entry.modifiedMs + 1) + objects - 1;
}

function sameList(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a?.length === b?.length && (a === undefined || a.every((item, i) => item === b?.[i]));
}

/** Field by field, as consumers see it. */
function sameAnnounced(a: Announced, b: Announced): boolean {
  return (
    samePattern(a, b) &&
    a.name === b.name &&
    a.description === b.description &&
    a.confidence === b.confidence &&
    a.orgUuid === b.orgUuid &&
    a.eventUuid === b.eventUuid &&
    a.validUntilMs === b.validUntilMs &&
    sameList(a.labels, b.labels) &&
    sameList(a.markings, b.markings)
  );
}
