import type { AttributeContent } from "./change.ts";
import { effectiveDistribution } from "./distribution.ts";
import type { EventContext } from "./index-entry.ts";
import { maxTimestamp } from "./timestamp.ts";

/** What more an attribute has to be, besides what the filter asks. A key that is absent asks nothing. */
export interface QualityGates {
  /** Its event is published, as far as messages that can be believed said. @default false */
  readonly publishedOnly?: boolean;
  /** MISP's levels 0 to 4 that may go out, see {@link effectiveDistribution}. What is not known may not. */
  readonly distribution?: ReadonlySet<number>;
  /** MISP's timestamp is less old than this, in milliseconds, above 0. */
  readonly maxAgeMs?: number;
  /** How long indicators are valid from MISP's timestamp on, in milliseconds, above 0. */
  readonly validFor?: {
    /** For types that `byType` does not name. Absent: those are valid for ever. */
    readonly defaultMs?: number;
    readonly byType: ReadonlyMap<string, number>;
  };
  /** The item of a list of exceptions that a value falls under; undefined: none does. The same answer for the same value. */
  readonly exceptionFor?: (type: string, value: string) => string | undefined;
}

/** Why one of these gates withholds. */
export type QualityReason = "not_published" | "distribution" | "excepted" | "too_old" | "expired";

/** What these gates are asked about. */
export interface QualitySubject {
  readonly content: AttributeContent;
  readonly event?: EventContext | undefined;
}

/** Asks nothing. */
export const noQualityGates: QualityGates = {};

const lastMs = maxTimestamp * 1000;

/** When an attribute's indicator ends to be valid, milliseconds since the epoch; undefined: never. */
export function validUntilMs({ type, timestamp }: AttributeContent, { validFor }: QualityGates): number | undefined {
  const durationMs = validFor?.byType.get(type) ?? validFor?.defaultMs;
  return durationMs === undefined ? undefined : Math.min(lastMs, timestamp * 1000 + durationMs);
}

/** When an attribute is too old, milliseconds since the epoch; undefined: never. */
export function tooOldAtMs({ timestamp }: AttributeContent, { maxAgeMs }: QualityGates): number | undefined {
  return maxAgeMs === undefined ? undefined : Math.min(lastMs, timestamp * 1000 + maxAgeMs);
}

/** Whether a gate withholds an attribute; one that is off never does. */
export function withholdsQuality(
  reason: QualityReason,
  { content, event }: QualitySubject,
  gates: QualityGates,
  nowMs: number,
): boolean {
  switch (reason) {
    case "not_published":
      return gates.publishedOnly === true && event?.published !== true;
    case "distribution": {
      const allowed = gates.distribution;
      if (allowed === undefined) return false;
      const levels = effectiveDistribution(content, event);
      return levels === undefined || !levels.every((level) => allowed.has(level));
    }
    case "excepted":
      return gates.exceptionFor?.(content.type, content.value) !== undefined;
    case "too_old":
      return nowMs >= (tooOldAtMs(content, gates) ?? Number.POSITIVE_INFINITY);
    case "expired":
      return nowMs >= (validUntilMs(content, gates) ?? Number.POSITIVE_INFINITY);
  }
}

/** Whether a value may not go over the bus at all, not even in the removal of something that an earlier run may have announced. */
export function mustNotBeNamed(subject: QualitySubject, gates: QualityGates): boolean {
  return (["distribution", "excepted"] as const).some((reason) => withholdsQuality(reason, subject, gates, 0));
}

/** Whether a gate is switched on. */
export function asksQuality(reason: QualityReason, gates: QualityGates): boolean {
  switch (reason) {
    case "not_published":
      return gates.publishedOnly === true;
    case "distribution":
      return gates.distribution !== undefined;
    case "excepted":
      return gates.exceptionFor !== undefined;
    case "too_old":
      return gates.maxAgeMs !== undefined;
    case "expired":
      return gates.validFor !== undefined;
  }
}

/**
 * When time alone changes a verdict, milliseconds: an announcement lapses then. Negative: it has lapsed at that time, so it would
 * stand again if the clock went back before it. 0: time changes nothing about it.
 *
 * @param withheld why it is not announced; undefined: it is
 */
export function dueAtMs(content: AttributeContent, gates: QualityGates, withheld: string | undefined): number {
  if (withheld !== undefined && withheld !== "too_old" && withheld !== "expired") return 0;
  const lapses = Math.min(tooOldAtMs(content, gates) ?? lastMs, validUntilMs(content, gates) ?? lastMs);
  if (lapses === lastMs) return 0;
  return withheld === undefined ? lapses : -lapses;
}
