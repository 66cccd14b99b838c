import { confidence, labels, type ResolvedTag, tlpMarking } from "./announcement-fields.ts";
import type { AttributeContent } from "./change.ts";
import type { Filter } from "./filter.ts";
import type { Announced, EventContext, GoneReason } from "./index-entry.ts";
import { isMappedType, toPattern } from "./pattern/pattern.ts";

/** Why an attribute is not announced. */
export type WithholdReason = "deleted" | "event_deleted" | "not_to_ids" | "unmapped_type" | "unusable_value" | "filter";

/** Announce with these fields, or withhold and why. */
export type Verdict = { readonly announce: Announced } | { readonly withhold: WithholdReason };

/** All that a verdict depends on. */
export interface Subject {
  readonly content: AttributeContent;
  readonly gone?: GoneReason;
  readonly ownTags: readonly ResolvedTag[];
  readonly eventTags: readonly ResolvedTag[];
  /** Absent when no message about the event was seen yet. */
  readonly event?: EventContext;
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
  const tags = subject.eventTags.length === 0 ? subject.ownTags : [...subject.ownTags, ...subject.eventTags];
  const matches = filter.matches({ ...orgOf(event), type: content.type, tags: tags.map((tag) => tag.name) });
  return matches ? fields : { withhold: "filter" };
}

/** Why no attribute of this type and organisation could ever be announced; undefined when one could. Such are not mirrored. */
export function neverAnnounced(
  filter: Filter,
  type: string,
  event: { readonly orgId?: number; readonly orgUuid?: string } | undefined,
): WithholdReason | undefined {
  if (!isMappedType(type)) return "unmapped_type";
  return filter.couldMatch({ ...orgOf(event), type }) ? undefined : "filter";
}

/** The creator organisation as the filter wants it. */
function orgOf(event: { readonly orgId?: number; readonly orgUuid?: string } | undefined): {
  orgId?: number;
  orgUuid?: string;
} {
  return {
    ...(event?.orgId === undefined ? {} : { orgId: event.orgId }),
    ...(event?.orgUuid === undefined ? {} : { orgUuid: event.orgUuid }),
  };
}

/** The fields that would be announced, whatever the filter says. */
export function toAnnounced(
  subject: Pick<Subject, "content" | "ownTags" | "eventTags" | "event">,
): { readonly announce: Announced } | { readonly withhold: "unmapped_type" | "unusable_value" } {
  const { content, ownTags, eventTags, event } = subject;
  const pattern = toPattern(content.type, content.value);
  if (!pattern.ok) return { withhold: pattern.reason };
  const labelled = labels(ownTags, eventTags);
  // The attribute's own marking and confidence stand before the event's, as in MISP's interface.
  const marking = tlpMarking(ownTags) ?? tlpMarking(eventTags);
  const stated = confidence(ownTags) ?? confidence(eventTags);
  return {
    announce: {
      pattern: pattern.pattern,
      patternType: pattern.patternType,
      name: content.value,
      ...(content.comment === "" ? {} : { description: content.comment }),
      ...(labelled.length === 0 ? {} : { labels: labelled }),
      ...(marking === undefined ? {} : { markings: [marking] }),
      ...(stated === undefined ? {} : { confidence: stated }),
      ...(event?.orgUuid === undefined ? {} : { orgUuid: event.orgUuid }),
      ...(event?.uuid === undefined ? {} : { eventUuid: event.uuid }),
    },
  };
}
