import { confidence, labels, type ResolvedTag, tlpMarking } from "./announcement-fields.ts";
import type { AttributeContent } from "./change.ts";
import type { Filter, FilterSubject } from "./filter.ts";
import type { Announced, EventContext, GoneReason } from "./index-entry.ts";
import { isMappedType, toPattern } from "./pattern/pattern.ts";

/** Why an attribute is not announced. */
export type WithholdReason = "deleted" | "event_deleted" | "not_to_ids" | "unmapped_type" | "unusable_value" | "filter";

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

/**
 * Decides whether an attribute is announced. Reasons are tried from the cheapest and most final on; `published` decides
 * nothing: in attribute messages MISP's flag is often stale.
 */
export function evaluate(subject: Subject, filter: Filter): Verdict {
  const { content, gone, event } = subject;
  if (event?.deleted || gone === "event-deleted") return { withhold: "event_deleted" };
  if (gone !== undefined || content.deleted) return { withhold: "deleted" };
  if (!content.toIds) return { withhold: "not_to_ids" };
  const fields = toAnnounced(subject);
  if ("withhold" in fields) return fields;
  const { orgId, orgUuid } = orgOf(event);
  const tags = [...subject.ownTags, ...subject.eventTags].map((tag) => tag.name);
  const asked: FilterSubject = { orgId, orgUuid, type: content.type, tags };
  return filter.matches(asked) ? fields : { withhold: "filter" };
}

/** Why no attribute of this type and organisation could ever be announced; undefined when one could. Such are not mirrored. */
export function neverAnnounced(
  filter: Filter,
  type: string,
  event: { readonly orgId?: number; readonly orgUuid?: string } | undefined,
): WithholdReason | undefined {
  if (!isMappedType(type)) return "unmapped_type";
  const { orgId, orgUuid } = orgOf(event);
  return filter.couldMatch({ orgId, orgUuid, type }) ? undefined : "filter";
}

const unknownOrg: { orgId?: number; orgUuid?: string } = {};

/** The creator organisation as the filter wants it: an event's own fields do. */
function orgOf(event: { readonly orgId?: number; readonly orgUuid?: string } | undefined): typeof unknownOrg {
  return event ?? unknownOrg;
}

/** The fields that would be announced, whatever the filter says. */
export function toAnnounced(
  subject: Pick<Subject, "content" | "ownTags" | "eventTags" | "event">,
): { readonly announce: Announced } | { readonly withhold: "unmapped_type" | "unusable_value" } {
  const { content, ownTags, eventTags, event } = subject;
  const pattern = toPattern(content.type, content.value);
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
  return { announce: announced };
}
