import {
  type AttributeContent,
  type Explanation,
  explainVerdict,
  type IndexEntry,
  type StoreView,
} from "@tb/misp-core";
import type { Draft } from "../pipeline/draft.ts";
import { qualityOf, type Rules, toSubject } from "../pipeline/settle-entry.ts";

/** Why one attribute is announced or withheld, and what consumers have of it. */
export interface AttributeExplanation extends Explanation {
  readonly attributeId: number;
  readonly eventId: number;
  readonly uuid: string;
  readonly content: AttributeContent;
  /** When its content was observed, milliseconds. Absent: it is not in the index. */
  readonly observedAtMs?: number;
  /** Absent: it is not in the index. */
  readonly consumers?: Consumers;
}

/** What consumers have of an attribute, as the index says. */
export interface Consumers {
  /** The announcement stands: they are to hold `pattern`. */
  readonly hold: boolean;
  /** The pattern as it was last announced. Absent: it never was. */
  readonly pattern?: string;
  /** Patterns that they may hold and that are withdrawn with the next publication. */
  readonly outdated: readonly string[];
  /** Not yet handed over to the bus, or not yet confirmed. */
  readonly pending: boolean;
  /** When it was withdrawn, milliseconds; 0: it was not. */
  readonly withdrawnAtMs: number;
  /** Other attributes that hold the pattern, so that its value stays on the bus; a few of them. */
  readonly otherIds: readonly number[];
}

const maxOthers = 5;

/** An attribute as the draft knows it. */
export function explainEntry(draft: Draft, entry: IndexEntry, rules: Rules): AttributeExplanation {
  return {
    attributeId: entry.id,
    eventId: entry.eventId,
    uuid: entry.uuid,
    content: entry.content,
    observedAtMs: entry.contentAtMs,
    ...explainVerdict(toSubject(draft, entry), rules.filter, qualityOf(rules), rules.quality?.now()),
  };
}

/** What consumers have of an attribute, as the index says. */
export function toConsumers(view: StoreView, entry: IndexEntry): Consumers {
  const { announced, live, outdated, removedAtMs, sequence } = entry;
  const otherIds: number[] = [];
  if (announced !== undefined) {
    for (const id of view.liveIdsWithPattern(announced.pattern)) {
      if (id !== entry.id) otherIds.push(id);
      if (otherIds.length === maxOthers) break;
    }
  }
  return {
    hold: live,
    ...(announced === undefined ? {} : { pattern: announced.pattern }),
    outdated: outdated.map(({ pattern }) => pattern),
    pending: view.isDirty(sequence),
    withdrawnAtMs: removedAtMs,
    otherIds,
  };
}
