import {
  type Change,
  describeFilter,
  type Explanation,
  type FilterItem,
  type FilterSubject,
  type Tag,
  type WithholdReason,
} from "@tb/misp-core";
import { shorten } from "../shorten.ts";
import type { AttributeExplanation, Consumers } from "./attribute.ts";
import type { ChangeExplanation, NotificationExplanation } from "./notification.ts";

/** What an explanation is based on; `text` says it to a person. */
export type Basis =
  | { readonly kind: "index"; readonly text: string }
  /** `reason`: why the index could not be asked. */
  | { readonly kind: "message"; readonly text: string; readonly reason: string };

/** A value may have 64 KiB, and the message itself stands above. */
const maxText = 300;
const maxItems = 20;

/**
 * An explanation in lines for a person. They hold what MISP sent: neutralise each before it is shown.
 */
export function describeNotification(explained: NotificationExplanation, basis: Basis): readonly string[] {
  if (!explained.ok) return [`refused: ${explained.reason}: ${explained.detail}`];
  if (explained.changes.length === 0)
    return ["understood, and not needed: it is about nothing that indicators depend on"];
  return [
    ...explained.changes.flatMap((change) => describeChange(change, basis)),
    ...explained.dropped.map((reason) => `dropped: ${droppedReasons[reason] ?? reason}`),
  ];
}

/** What a gate asks: as a reason to withhold, as the counters name it, it would read the wrong way round. */
const gateNames: Readonly<Record<WithholdReason, string>> = {
  event_deleted: "event not deleted",
  deleted: "not deleted",
  not_to_ids: "to_ids",
  unmapped_type: "type mapped",
  unusable_value: "value usable",
  filter: "filter",
  not_published: "event published",
  distribution: "distribution",
  excepted: "no exception",
  too_old: "not too old",
  expired: "still valid",
};

/** What the counters call `dropped`, for a person. */
const droppedReasons: Readonly<Record<string, string>> = {
  late_event:
    "its event is known to be deleted (by this very message, if the program took it up before), and an event id is never used again",
  late_attribute:
    "the attribute is known to be gone (by this very message, if the program took it up before), and its id is never used again",
  superseded: "a newer attribute has this UUID",
  unknown_removal: "the index does not know what is removed, so consumers hold nothing of it",
  waiting_tag: "too many tag messages wait for their attributes",
};

function describeChange(explained: ChangeExplanation, basis: Basis): readonly string[] {
  const { change, attribute, notKept, concerned } = explained;
  const lines = [`says      ${sayChange(change)}`, `based on  ${basis.text}`];
  if (attribute !== undefined) lines.push(...describeVerdict(attribute));
  else if (concerned > 0) lines.push(`concerns  ${concerned} known attributes: ${countVerdicts(explained.verdicts)}`);
  else lines.push(sayNobody(change, basis));
  if (notKept) lines.push("index     it is not kept there: the pipeline goes on as if it had not come");
  if (attribute !== undefined) lines.push(`consumers ${sayConsumers(attribute.consumers, basis)}`);
  lines.push(...describePublishes(explained, basis));
  return lines;
}

/** One attribute out of the index. */
export function describeAttribute(attribute: AttributeExplanation, basis: Basis): readonly string[] {
  const { attributeId, eventId, uuid, content, observedAtMs } = attribute;
  const deleted = content.deleted ? ", soft-deleted" : "";
  return [
    `attribute ${attributeId} of event ${eventId}, ${uuid}`,
    `says      ${sayContent(content)}${deleted}; changed in MISP ${time(content.timestamp * 1000)}` +
      (observedAtMs === undefined ? "" : `, heard of ${time(observedAtMs)}`),
    `based on  ${basis.text}`,
    ...describeVerdict(attribute),
    `consumers ${sayConsumers(attribute.consumers, basis)}`,
  ];
}

function describeVerdict(explained: Explanation): readonly string[] {
  const { verdict, gates, pattern, filter } = explained;
  const lines = gates.map(({ gate, passed, detail }) => {
    const word = passed === undefined ? "-   " : passed ? "pass" : "FAIL";
    return `${word}  ${gateNames[gate].padEnd(17)}  ${shorten(detail, maxText)}`;
  });
  const filterPasses = gates.some(({ gate, passed }) => gate === "filter" && passed === true);
  if (!filterPasses) {
    for (const [i, { item, failed }] of filter.items.slice(0, maxItems).entries()) {
      const reasons = failed.map((key) => sayFailed(key, filter.asked)).join("; ");
      lines.push(`      item ${i + 1} (${shorten(describeItem(item), maxText)}): ${reasons}`);
    }
    const rest = filter.items.length - maxItems;
    if (rest > 0) lines.push(`      … and ${rest} more items`);
  }
  lines.push("withhold" in verdict ? `verdict   withhold: ${verdict.withhold}` : "verdict   announce");
  if (pattern !== undefined) lines.push(`pattern   ${shorten(pattern, maxText)}`);
  return lines;
}

function describeItem(item: FilterItem): string {
  return describeFilter({ items: [item] });
}

function sayFailed(key: keyof FilterItem, { type, orgId, orgUuid, tags }: FilterSubject): string {
  switch (key) {
    case "types":
      return `its type ${type} is not among them`;
    case "orgs": {
      if (orgId === undefined && orgUuid === undefined) return "the organisation is not known yet";
      const known = [...(orgId === undefined ? [] : [String(orgId)]), ...(orgUuid === undefined ? [] : [orgUuid])];
      return `its organisation ${known.join(", ")} is not among them`;
    }
    case "tags":
      return tags.length === 0
        ? "it has no tags, nor has its event"
        : `none of its and its event's tags matches: ${shorten(tags.join(", "), maxText)}`;
  }
}

function sayConsumers(consumers: Consumers | undefined, basis: Basis): string {
  if (basis.kind === "message") return "unknown: that is in the index";
  if (consumers === undefined) return "hold nothing of it: the index does not know it";
  const { hold, pattern, outdated, pending, withdrawnAtMs, otherIds } = consumers;
  const parts: string[] = [];
  if (hold) parts.push(pending ? "are about to get it: it waits for the bus" : "hold it");
  else if (pattern === undefined) parts.push("hold nothing of it: it was never announced");
  else if (pending) parts.push("are about to lose it: its removal waits for the bus");
  else parts.push(`do not hold it: it was withdrawn ${withdrawnAtMs === 0 ? "long ago" : time(withdrawnAtMs)}`);
  if (hold && outdated.length > 0) parts.push(`and are about to lose ${shorten(outdated.join(", "), maxText)}`);
  if (otherIds.length > 0) {
    parts.push(
      `; its value is also on the bus for attribute${otherIds.length === 1 ? "" : "s"} ${otherIds.join(", ")}`,
    );
  }
  return parts.join(" ").replace(" ;", ";");
}

function describePublishes(
  { publishes, publishesInAll, attribute, concerned }: ChangeExplanation,
  basis: Basis,
): string[] {
  if (basis.kind === "message" || (attribute === undefined && concerned === 0)) return [];
  if (publishesInAll === 0) return ["publishes nothing beyond what the index has already"];
  const rest = publishesInAll - publishes.length;
  return [
    ...publishes.map(({ update, name }) => `publishes ${update} ${shorten(name, maxText)}`),
    ...(rest > 0 ? [`publishes … and ${rest} more`] : []),
  ];
}

function countVerdicts(verdicts: Readonly<Record<string, number>>): string {
  const counts = Object.entries(verdicts).sort(([, a], [, b]) => b - a);
  return counts
    .map(([name, count]) => (name === "announce" ? `announce ${count}` : `withhold ${count} (${name})`))
    .join(", ");
}

function sayNobody(change: Change, basis: Basis): string {
  if (basis.kind === "message") return "concerns  what only the index could name";
  const waits = change.kind.startsWith("tag-") && "target" in change && "attributeId" in change.target;
  return waits
    ? "concerns  an attribute that is not in the index: the tag waits 24 hours for it"
    : "concerns  no attribute in the index";
}

/** What a change says, in one sentence. */
function sayChange(change: Change): string {
  switch (change.kind) {
    case "attribute": {
      const { attributeId, eventId, content, tags } = change;
      const deleted = content.deleted ? "soft-deleted" : tags === undefined ? "added" : "as it is now";
      return `attribute ${attributeId} of event ${eventId} ${deleted}: ${sayContent(content)}; own tags ${sayTags(tags)}`;
    }
    case "attribute-deleted":
      return `attribute ${change.attributeId} of event ${change.eventId} deleted for good: ${sayContent(change.content)}`;
    case "event":
      return `event ${change.eventId}: ${sayEvent(change.event)}`;
    case "event-deleted":
      return `event ${change.eventId} deleted, and everything in it`;
    case "tag-attached":
      return `tag ${shorten(change.tag.name, maxText)} attached to ${sayTarget(change.target)}`;
    case "tag-detached":
      return `tag ${shorten(change.tag.name, maxText)} detached from ${sayTarget(change.target)}`;
    case "tag-renamed":
      return `tag ${change.tag.id} is named ${shorten(change.tag.name, maxText)}`;
    case "tag-deleted":
      return `tag ${shorten(change.tag.name, maxText)} deleted`;
  }
}

function sayContent({ type, value, toIds }: AttributeExplanation["content"]): string {
  return `${shorten(type, maxText)} ${shorten(value, maxText)}, to_ids ${toIds ? "set" : "not set"}`;
}

function sayTags(tags: readonly Tag[] | undefined): string {
  if (tags === undefined) return "not said (MISP attaches them later)";
  return tags.length === 0 ? "none" : shorten(tags.map(({ name }) => name).join(", "), maxText);
}

function sayEvent({ info, published, orgId, tags }: Extract<Change, { kind: "event" }>["event"]): string {
  const parts = [
    ...(info === undefined ? [] : [shorten(info, maxText)]),
    ...(published === undefined ? [] : [published ? "published" : "not published"]),
    ...(orgId === undefined ? [] : [`organisation ${orgId}`]),
    ...(tags === undefined ? [] : [`tags ${sayTags(tags)}`]),
  ];
  return parts.length === 0 ? "nothing that indicators depend on" : parts.join(", ");
}

function sayTarget(target: { readonly attributeId: number } | { readonly eventId: number }): string {
  return "attributeId" in target ? `attribute ${target.attributeId}` : `event ${target.eventId}`;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
