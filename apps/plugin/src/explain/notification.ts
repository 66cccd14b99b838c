import {
  type AttributeChange,
  type AttributeDeletedChange,
  type Change,
  decode,
  evaluate,
  explainVerdict,
  type IndexEntry,
  type Notification,
  noTags,
  type ResolvedTag,
  type StoreView,
  toAnnouncement,
  toRemovals,
} from "@tb/misp-core";
import { createCounters } from "../counters.ts";
import { confirmPublished } from "../pipeline/commit.ts";
import { decide } from "../pipeline/decide.ts";
import type { Draft } from "../pipeline/draft.ts";
import { qualityOf, type Rules, toSubject } from "../pipeline/settle-entry.ts";
import { type AttributeExplanation, explainEntry, toConsumers } from "./attribute.ts";

/** What the pipeline makes of one notification. */
export type NotificationExplanation =
  | { readonly ok: false; readonly reason: string; readonly detail: string }
  | { readonly ok: true; readonly changes: readonly ChangeExplanation[]; readonly dropped: readonly string[] };

/** What the pipeline makes of one change. */
export interface ChangeExplanation {
  readonly change: Change;
  /** The one attribute that it is about, after it. Absent when it is about none, several, or one that is not known. */
  readonly attribute?: AttributeExplanation;
  /** The attribute is not in the index, and the change does not bring it there. */
  readonly notKept?: true;
  /** Attributes in the index that it is about. */
  readonly concerned: number;
  /** How they are decided after it: `announce`, or the reason to withhold. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** What would go to the bus, a few of it. */
  readonly publishes: readonly Published[];
  readonly publishesInAll: number;
}

interface Published {
  readonly update: "announce" | "EDIT" | "REMOVE";
  readonly name: string;
  readonly pattern: string;
}

const maxPublishes = 10;

/**
 * Decides a notification as the pipeline would, by the same code, in a draft that nobody commits.
 *
 * @param draft what is known so far; it takes up what the notification says, as if it had been committed and published
 */
export function explainNotification(
  notification: Notification,
  { view, draft, rules }: { readonly view: StoreView; readonly draft: Draft; readonly rules: Rules },
): NotificationExplanation {
  const decoded = decode(notification);
  if (!decoded.ok) return { ok: false, reason: decoded.reason, detail: decoded.detail };
  const before = decoded.changes.map((change) => {
    const ids = idsOf(draft, change);
    return new Map(ids.map((id) => [id, draft.entry(id)]));
  });
  const counters = createCounters();
  decide(draft, decoded.changes, rules, counters);
  const explained = decoded.changes.map((change, i) =>
    explainChange(change, before[i] ?? new Map(), view, draft, rules),
  );
  for (const known of before) for (const id of known.keys()) confirm(draft, id);
  return {
    ok: true,
    changes: explained,
    dropped: counters.snapshot().dropped.reasons.map(([reason]) => reason),
  };
}

/** The attributes that a change is about, as far as they are known before it. */
function idsOf(draft: Draft, change: Change): readonly number[] {
  switch (change.kind) {
    case "attribute":
    case "attribute-deleted":
      return [change.attributeId];
    case "event":
    case "event-deleted":
      return draft.idsOfEvent(change.eventId);
    case "tag-attached":
    case "tag-detached":
      return "attributeId" in change.target ? [change.target.attributeId] : draft.idsOfEvent(change.target.eventId);
    case "tag-renamed":
    case "tag-deleted": {
      const { attributeIds, eventIds } = draft.taggedWith(change.tag.id);
      return [...new Set([...attributeIds, ...eventIds.flatMap((id) => draft.idsOfEvent(id))])];
    }
  }
}

function explainChange(
  change: Change,
  before: ReadonlyMap<number, IndexEntry | undefined>,
  view: StoreView,
  draft: Draft,
  rules: Rules,
): ChangeExplanation {
  const verdicts: Record<string, number> = {};
  const publishes: Published[] = [];
  let publishesInAll = 0;
  let concerned = 0;
  for (const [id, known] of before) {
    const entry = draft.entry(id);
    if (entry === undefined) continue;
    concerned += 1;
    const verdict = evaluate(toSubject(draft, entry), rules.filter, qualityOf(rules), rules.quality?.now());
    const name = "withhold" in verdict ? verdict.withhold : "announce";
    verdicts[name] = (verdicts[name] ?? 0) + 1;
    if (entry.sequence === (known?.sequence ?? 0)) continue;
    const objects = toPublished(entry);
    publishesInAll += objects.length;
    publishes.push(...objects.slice(0, maxPublishes - publishes.length));
  }
  const attribute = theOne(change, [...before.keys()], view, draft, rules);
  const notKept = isAboutOne(change) && draft.entry(change.attributeId) === undefined;
  return {
    change,
    ...(attribute === undefined ? {} : { attribute }),
    ...(notKept ? { notKept } : {}),
    concerned,
    verdicts,
    publishes,
    publishesInAll,
  };
}

function isAboutOne(change: Change): change is AttributeChange | AttributeDeletedChange {
  return change.kind === "attribute" || change.kind === "attribute-deleted";
}

function theOne(
  change: Change,
  ids: readonly number[],
  view: StoreView,
  draft: Draft,
  rules: Rules,
): AttributeExplanation | undefined {
  const [id] = ids;
  const entry = ids.length === 1 && id !== undefined ? draft.entry(id) : undefined;
  if (entry === undefined) return isAboutOne(change) ? explainUnkept(change, draft, rules) : undefined;
  // What consumers have is what the index says, not what this draft would make of it.
  const stored = view.entry(entry.id);
  const explained = explainEntry(draft, entry, rules);
  return stored === undefined ? explained : { ...explained, consumers: toConsumers(view, stored) };
}

/** An attribute that the pipeline does not keep: from its message, and what is known about its event. */
function explainUnkept(
  change: AttributeChange | AttributeDeletedChange,
  draft: Draft,
  rules: Rules,
): AttributeExplanation {
  const { attributeId, eventId, uuid, content } = change;
  const gone = change.kind === "attribute-deleted" ? ("attribute-deleted" as const) : undefined;
  const ownTags: readonly ResolvedTag[] = change.kind === "attribute" ? (change.tags ?? []) : [];
  const { eventTags, event } = toSubject(draft, { content, gone, tags: noTags, eventId });
  const explained = explainVerdict(
    { content, gone, ownTags, eventTags, event },
    rules.filter,
    qualityOf(rules),
    rules.quality?.now(),
  );
  return { attributeId, eventId, uuid, content, ...explained };
}

function toPublished(entry: IndexEntry): readonly Published[] {
  const announcement = toAnnouncement(entry, {});
  const objects = [...toRemovals(entry, {}), ...(announcement === undefined ? [] : [announcement])];
  return objects.map(({ x_threatbus_update: update, name, pattern }) => ({
    update: update ?? "announce",
    name,
    pattern,
  }));
}

/** As after a publication that went well, so that a later message in the same draft is decided as the pipeline would. */
function confirm(draft: Draft, id: number): void {
  const entry = draft.entry(id);
  if (entry === undefined) return;
  confirmPublished(draft, [{ sequence: entry.sequence, id, removed: entry.outdated.length > 0, atMs: 0 }]);
}
