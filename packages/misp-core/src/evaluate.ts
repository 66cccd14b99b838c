import { confidence, labels, type ResolvedTag, tlpMarking } from "./announcement-fields.ts";
import type { AttributeContent } from "./change.ts";
import type { Filter, FilterSubject } from "./filter.ts";
import type { Announced, EventContext, GoneReason } from "./index-entry.ts";
import { isMappedType, type PatternResult, toPattern } from "./pattern/pattern.ts";
import {
  asksQuality,
  noQualityGates,
  type QualityGates,
  type QualityReason,
  validUntilMs,
  withholdsQuality,
} from "./quality-gates.ts";

/** Why an attribute is not announced. */
export type WithholdReason =
  | "deleted"
  | "event_deleted"
  | "not_to_ids"
  | "unmapped_type"
  | "unusable_value"
  | "filter"
  | QualityReason;

/** Announce with these fields, or withhold and why. */
export type Verdict = { readonly announce: Announced } | { readonly withhold: WithholdReason };

/** All that a verdict depends on. */
export interface Subject {
  readonly content: AttributeContent;
  readonly gone?: GoneReason | undefined;
  readonly ownTags: readonly ResolvedTag[];
  readonly eventTags: readonly ResolvedTag[];
  /** Absent when no message about the event was seen yet. */
  readonly event?: EventContext | undefined;
}

/** A subject before the gates. */
export interface Trial {
  readonly subject: Subject;
  readonly filter: Filter;
  readonly quality: QualityGates;
  /** Milliseconds since the epoch: what is too old and what no longer valid is decided by it. */
  readonly nowMs: number;
  /** Made for the first gate that asks: it is the dearest part of a verdict. */
  pattern: PatternResult | undefined;
}

/** What an attribute has to pass to be announced. */
interface Gate {
  /** Why an attribute that it holds back is withheld. */
  readonly reason: WithholdReason;
  withholds(trial: Trial): boolean;
  /** Absent: always. */
  isOn?(quality: QualityGates): boolean;
}

/** Those that are off unless they are configured. */
const qualityGate = (reason: QualityReason): Gate => ({
  reason,
  withholds: ({ subject, quality, nowMs }) => withholdsQuality(reason, subject, quality, nowMs),
  isOn: (quality) => asksQuality(reason, quality),
});

/**
 * From the cheapest and most final on; what time changes stands last, so that whatever it withholds waits for nothing else
 * ({@link dueAtMs}). Whoever explains a verdict asks the same list (`explain.ts`), so that the two cannot disagree.
 */
export const gates: readonly Gate[] = [
  {
    reason: "event_deleted",
    withholds: ({ subject: { event, gone } }) => event?.deleted === true || gone === "event-deleted",
  },
  { reason: "deleted", withholds: ({ subject: { content, gone } }) => gone !== undefined || content.deleted },
  { reason: "not_to_ids", withholds: ({ subject: { content } }) => !content.toIds },
  qualityGate("not_published"),
  qualityGate("distribution"),
  { reason: "unmapped_type", withholds: ({ subject: { content } }) => !isMappedType(content.type) },
  { reason: "unusable_value", withholds: (trial) => !patternOf(trial).ok },
  { reason: "filter", withholds: ({ subject, filter }) => !filter.matches(toFilterSubject(subject)) },
  qualityGate("excepted"),
  qualityGate("too_old"),
  qualityGate("expired"),
];

/**
 * Decides whether an attribute is announced: the first gate that does not let it pass says why not.
 *
 * @param quality what it has to be besides. @default nothing
 * @param nowMs milliseconds since the epoch; only `maxAgeMs` and `validFor` of `quality` ask for it
 */
export function evaluate(
  subject: Subject,
  filter: Filter,
  quality: QualityGates = noQualityGates,
  nowMs: number = 0,
): Verdict {
  const trial: Trial = { subject, filter, quality, nowMs, pattern: undefined };
  for (const gate of gates) if (gate.withholds(trial)) return { withhold: gate.reason };
  return withPattern(subject, patternOf(trial), quality);
}

/** The pattern of a trial's attribute, made once. */
export function patternOf(trial: Trial): PatternResult {
  trial.pattern ??= toPattern(trial.subject.content.type, trial.subject.content.value);
  return trial.pattern;
}

/** What the filter is asked. */
export function toFilterSubject({ content, ownTags, eventTags, event }: Subject): FilterSubject {
  const tags = [...ownTags, ...eventTags].map((tag) => tag.name);
  return { orgId: event?.orgId, orgUuid: event?.orgUuid, type: content.type, tags };
}

/** Why no attribute of this type and organisation could ever be announced; undefined when one could. Such are not mirrored. */
export function neverAnnounced(
  filter: Filter,
  type: string,
  event: { readonly orgId?: number; readonly orgUuid?: string } | undefined,
): WithholdReason | undefined {
  if (!isMappedType(type)) return "unmapped_type";
  return filter.couldMatch({ orgId: event?.orgId, orgUuid: event?.orgUuid, type }) ? undefined : "filter";
}

/** What an announcement is made of. */
export type AnnouncedSubject = Pick<Subject, "content" | "ownTags" | "eventTags" | "event">;
/** What would be announced, or why nothing can be. */
export type AnnouncedOrNot =
  | { readonly announce: Announced }
  | { readonly withhold: "unmapped_type" | "unusable_value" };

/** The fields that would be announced, whatever filter and gates say. */
export function toAnnounced(subject: AnnouncedSubject, quality: QualityGates): AnnouncedOrNot {
  return withPattern(subject, toPattern(subject.content.type, subject.content.value), quality);
}

function withPattern(
  { content, ownTags, eventTags, event }: AnnouncedSubject,
  pattern: PatternResult,
  quality: QualityGates,
): AnnouncedOrNot {
  if (!pattern.ok) return { withhold: pattern.reason };
  const labelled = ownTags.length + eventTags.length === 0 ? [] : labels(ownTags, eventTags);
  // The attribute's own marking and confidence stand before the event's, as in MISP's interface.
  const marking = tlpMarking(ownTags) ?? tlpMarking(eventTags);
  const stated = confidence(ownTags) ?? confidence(eventTags);
  const announced: { -readonly [Key in keyof Announced]: Announced[Key] } = {
    pattern: pattern.pattern,
    patternType: pattern.patternType,
    name: content.value,
  };
  if (content.comment !== "") announced.description = content.comment;
  if (labelled.length > 0) announced.labels = labelled;
  if (marking !== undefined) announced.markings = [marking];
  if (stated !== undefined) announced.confidence = stated;
  if (event?.orgUuid !== undefined) announced.orgUuid = event.orgUuid;
  if (event?.uuid !== undefined) announced.eventUuid = event.uuid;
  const endMs = validUntilMs(content, quality);
  if (endMs !== undefined) announced.validUntilMs = endMs;
  return { announce: announced };
}
