import { effectiveDistribution } from "./distribution.ts";
import {
  type QualityGates,
  type QualityReason,
  type QualitySubject,
  tooOldAtMs,
  validUntilMs,
} from "./quality-gates.ts";
import { toStixTimestamp } from "./timestamp.ts";

const levelNames = [
  "your organisation only",
  "this community",
  "connected communities",
  "all communities",
  "sharing group",
];

/** MISP's name for a level of distribution, 0 to 4. */
function distributionName(level: number): string {
  return levelNames[level] ?? `distribution ${level}`;
}

/** What a gate that is switched on says about an attribute, for a person. */
export function describeQuality(
  reason: QualityReason,
  passed: boolean,
  { content, event }: QualitySubject,
  gates: QualityGates,
): string {
  switch (reason) {
    case "not_published":
      if (passed) return "the event is published";
      return event?.published === undefined
        ? "whether the event is published is not known yet"
        : "the event is not published, or not since it was changed";
    case "distribution": {
      const levels = effectiveDistribution(content, event);
      if (levels === undefined) return `${sayUnknown(content, event)} is not known yet, so it may not go out`;
      return `${passed ? "may" : "may not"} go out with ${levels.map(distributionName).join(" and ")}, of attribute, object and event together`;
    }
    case "excepted": {
      const item = gates.exceptionFor?.(content.type, content.value);
      return item === undefined ? "no exception matches" : `matches the exception ${item}`;
    }
    case "too_old":
      return sayTime(passed, "too old", tooOldAtMs(content, gates));
    case "expired":
      return sayTime(passed, "no longer valid", validUntilMs(content, gates));
  }
}

function sayUnknown(
  { distribution, objectDistribution }: QualitySubject["content"],
  event: QualitySubject["event"],
): string {
  const unknown = [
    ...(distribution === undefined ? ["the attribute's"] : []),
    ...(objectDistribution === undefined ? ["its object's"] : []),
    ...(event?.distribution === undefined ? ["its event's"] : []),
  ];
  return `${unknown.join(" and ") || "its event's"} distribution`;
}

function sayTime(passed: boolean, what: string, atMs: number | undefined): string {
  if (atMs === undefined) return `never ${what}`;
  return `${what} ${passed ? "from" : "since"} ${toStixTimestamp(atMs)}${passed ? " on" : ""}`;
}
