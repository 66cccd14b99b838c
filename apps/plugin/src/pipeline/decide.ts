import type { Change, Finding } from "@tb/misp-core";
import type { Counters } from "../counters.ts";
import { applyAbsent, applyAttribute, applyAttributeDeleted } from "./attribute-facts.ts";
import { type Batch, createBatch, type Dropped } from "./batch.ts";
import type { Draft } from "./draft.ts";
import { applyEvent, applyEventDeleted, applyEventRead } from "./event-facts.ts";
import { type Rules, settleEntry } from "./settle-entry.ts";
import { applyTag, applyTagDeleted, learnTag } from "./tag-facts.ts";

/**
 * Decides a batch, in two steps: first every change's facts go into the draft, then each entry that they touch is evaluated
 * once, with all facts of the batch. So an event tag costs one evaluation per attribute and batch, however often it changes.
 */
export function decide(draft: Draft, changes: readonly (Change | Finding)[], rules: Rules, counters: Counters): void {
  const batch = createBatch(draft, rules, counters);
  let { observedAtMs } = draft.meta();
  for (const change of changes) {
    observedAtMs = Math.max(observedAtMs, change.observedAtMs);
    const dropped = apply(batch, change);
    if (dropped !== undefined) counters.increment("dropped", dropped);
  }
  for (const [id, atMs] of batch.touched) {
    settleEntry(draft, id, { atMs, removedUnknown: batch.removedUnknown.has(id) }, rules, counters);
  }
  draft.setMeta({ observedAtMs });
}

function apply(batch: Batch, change: Change | Finding): Dropped {
  const { observedAtMs: atMs } = change;
  switch (change.kind) {
    case "attribute":
      return applyAttribute(batch, change);
    case "attribute-deleted":
      return applyAttributeDeleted(batch, change);
    case "event":
      return applyEvent(batch, change);
    case "tag-attached":
    case "tag-detached":
      return applyTag(batch, change);
    case "attribute-absent":
      applyAbsent(batch, change.attributeId, atMs);
      break;
    case "event-deleted":
      applyEventDeleted(batch, change.eventId, atMs);
      break;
    case "event-read":
      applyEventRead(batch, change);
      break;
    case "tag-renamed":
      learnTag(batch, change.tag, atMs);
      break;
    case "tag-deleted":
      applyTagDeleted(batch, change.tag, atMs);
  }
  return undefined;
}
