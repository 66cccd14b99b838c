import { describeQuality } from "./describe-quality.ts";
import {
  evaluate,
  gates,
  patternOf,
  type Subject,
  type Trial,
  toFilterSubject,
  type Verdict,
  type WithholdReason,
} from "./evaluate.ts";
import type { Filter, FilterSubject, ItemResult } from "./filter.ts";
import { noQualityGates, type QualityGates } from "./quality-gates.ts";

/** What one gate says about an attribute. */
export interface GateResult {
  /** The reason it would withhold for. */
  readonly gate: WithholdReason;
  /** Undefined: it cannot be tried, since the type has no pattern that a value could be put into. */
  readonly passed: boolean | undefined;
  /** For a person. It may hold what MISP sent, such as a type's name: neutralise it before it is shown. */
  readonly detail: string;
}

/** A verdict with everything that led to it. */
export interface Explanation {
  readonly verdict: Verdict;
  /** Every gate that is switched on, in the order in which they are tried, those behind the first that does not pass too. */
  readonly gates: readonly GateResult[];
  /** Absent when type or value give none. Present also when the attribute is withheld for another reason. */
  readonly pattern?: string;
  readonly filter: {
    readonly asked: FilterSubject;
    /** What each item says; empty: there is no filter. */
    readonly items: readonly ItemResult[];
  };
}

/** Says why an attribute is announced or withheld. The gates are {@link evaluate}'s own. */
export function explainVerdict(
  subject: Subject,
  filter: Filter,
  quality: QualityGates = noQualityGates,
  nowMs: number = 0,
): Explanation {
  const trial: Trial = { subject, filter, quality, nowMs, pattern: undefined };
  const triedGates = gates.filter(({ isOn }) => isOn?.(quality) ?? true);
  const asked = toFilterSubject(subject);
  const items = filter.explain(asked);
  const pattern = patternOf(trial);
  return {
    verdict: evaluate(subject, filter, quality, nowMs),
    gates: triedGates.map(({ reason, withholds }) => {
      const passed = !withholds(trial);
      if (reason === "unusable_value" && !pattern.ok && pattern.reason === "unmapped_type") {
        return { gate: reason, passed: undefined, detail: "not tried: the type has no pattern" };
      }
      return { gate: reason, passed, detail: describeGate(reason, passed, trial, items) };
    }),
    ...(pattern.ok ? { pattern: pattern.pattern } : {}),
    filter: { asked, items },
  };
}

function describeGate(gate: WithholdReason, passed: boolean, trial: Trial, items: readonly ItemResult[]): string {
  const { content, event, gone } = trial.subject;
  switch (gate) {
    case "event_deleted":
      if (!passed) return "the event was deleted in MISP, and everything in it";
      return event === undefined ? "nothing is known about the event" : "the event is not known to be deleted";
    case "deleted":
      if (passed) return "the attribute is not deleted";
      if (gone === "superseded") return "a newer attribute has taken over this UUID";
      if (gone === "absent") return "MISP's API no longer shows it; it can come back";
      return gone === undefined ? "soft-deleted in MISP; it can be restored" : "deleted in MISP for good";
    case "not_to_ids":
      return passed ? "MISP's IDS flag is set" : "MISP's IDS flag (to_ids) is not set";
    case "unmapped_type":
      return passed
        ? `type ${content.type} has a pattern`
        : `type ${content.type} has no STIX pattern (docs/mapping.md)`;
    case "unusable_value": {
      const pattern = patternOf(trial);
      return pattern.ok ? "the value can be put into a pattern" : pattern.detail;
    }
    case "filter": {
      if (items.length === 0) return "there is no filter: everything passes";
      const matching = items.findIndex(({ failed }) => failed.length === 0);
      return matching < 0 ? "no item of the filter matches" : `item ${matching + 1} of the filter matches`;
    }
    case "not_published":
    case "distribution":
    case "excepted":
    case "too_old":
    case "expired":
      return describeQuality(gate, passed, trial.subject, trial.quality);
  }
}
