import {
  dueAtMs,
  type EventContext,
  evaluate,
  type Filter,
  type IndexEntry,
  mustNotBeNamed,
  noQualityGates,
  type QualityGates,
  type ResolvedTag,
  removeUnknown,
  type Subject,
  settle,
  type TagSet,
  toAnnounced,
} from "@tb/misp-core";
import type { Counters } from "../counters.ts";
import type { Draft } from "./draft.ts";

/** What decisions depend on besides the index. */
export interface Rules {
  readonly filter: Filter;
  /** The source may bring an older message after a newer one (Kafka's partitions do; ZeroMQ never within a topic). */
  readonly reorders: boolean;
  /** Who asks MISP; absent without an API key. */
  readonly completeness?: Completeness;
  /** What was announced never before is not published: apps ask for it with their snapshots. */
  readonly quiet?: boolean;
  /** What attributes have to be besides, and the clock for what is only valid for a time. Absent: nothing. */
  readonly quality?: Quality;
}

/** What decisions leave to be asked of MISP. */
export interface Completeness {
  /** Something was heard of the event: what is being read of it may be older. */
  onLive(eventId: number): void;
  /** Whether that happened since the reading began: also in a transaction that was decided after it had brought the last rows. */
  wasHeard(eventId: number): boolean;
  /** A message may be older than what REST said, and was left out. */
  onDoubt(uuid: string): void;
  /** An attribute's first message, which says nothing about tags. */
  onFresh(uuid: string, event: EventContext): void;
}

/** The quality gates, which change when a list of exceptions is read again. */
export interface Quality {
  gates(): QualityGates;
  /** Milliseconds since the epoch. */
  now(): number;
}

export function qualityOf({ quality }: Rules): QualityGates {
  return quality?.gates() ?? noQualityGates;
}

/** An entry that facts have touched. */
export interface Touched {
  /** When the latest of these facts was observed, milliseconds. */
  readonly atMs: number;
  /** Its first message ever was a removal. */
  readonly removedUnknown: boolean;
  /** The time that it is evaluated at, milliseconds. @default that of the rules' clock */
  readonly nowMs?: number;
}

/** Evaluates one entry with all that the draft knows, and writes what follows from it. */
export function settleEntry(draft: Draft, id: number, touched: Touched, rules: Rules, counters: Counters): void {
  const entry = draft.entry(id);
  if (entry === undefined || entry.gone === "superseded") return;
  const subject = toSubject(draft, entry);
  const quality = qualityOf(rules);
  const verdict = evaluate(subject, rules.filter, quality, touched.nowMs ?? rules.quality?.now());
  const withheld = "withhold" in verdict ? verdict.withhold : undefined;
  if (withheld !== undefined) counters.increment("withheld", withheld);
  let settled = settle(entry, verdict, { pending: draft.isDirty(entry.sequence), observedAtMs: touched.atMs });
  if (touched.removedUnknown && "withhold" in verdict && entry.announced === undefined) {
    // A removal names its value: what may not go out at all must not go out like this.
    const unneeded = draft.meta().complete || mustNotBeNamed(subject, quality);
    const fields = unneeded ? undefined : toAnnounced(subject, quality);
    if (fields !== undefined && "announce" in fields) settled = removeUnknown(entry, fields.announce, touched.atMs);
    else counters.increment("dropped", "unknown_removal");
  }
  const due = dueAtMs(settled.entry.content, quality, withheld);
  if (due !== settled.entry.dueAtMs) settled = { ...settled, entry: { ...settled.entry, dueAtMs: due } };
  const news = entry.live || settled.entry.outdated.length > 0 || draft.isDirty(entry.sequence);
  if (settled.dirty && (news || rules.quiet !== true)) draft.setEntry(draft.markDirty(settled.entry));
  else if (settled.entry !== entry) draft.setEntry(settled.entry);
}

/** All that a verdict about an entry depends on, as the draft knows it. */
export function toSubject(draft: Draft, entry: Pick<IndexEntry, "content" | "gone" | "tags" | "eventId">): Subject {
  const event = draft.event(entry.eventId);
  return {
    content: entry.content,
    gone: entry.gone,
    ownTags: resolveTags(draft, entry.tags),
    eventTags: event === undefined ? [] : resolveTags(draft, event.tags),
    event,
  };
}

function resolveTags(draft: Draft, set: TagSet): readonly ResolvedTag[] {
  if (set.attached.length === 0) return [];
  return set.attached.flatMap(({ id, local }) => {
    const tag = draft.tag(id);
    if (tag === undefined || tag.deleted) return [];
    return [
      {
        name: tag.name,
        ...(local === undefined ? {} : { local }),
        ...(tag.exportable === undefined ? {} : { exportable: tag.exportable }),
      },
    ];
  });
}
