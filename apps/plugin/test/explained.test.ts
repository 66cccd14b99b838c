import { createFilter, decode, type FilterItem } from "@tb/misp-core";
import { createMemoryStore } from "@tb/misp-core/testing";
import { createCountingUuid, createMispModel, createRandom, randomAction } from "@tb/misp-simulator";
import { describe, expect, it } from "vitest";
import { createCounters } from "../src/counters.ts";
import { explainNotification, type NotificationExplanation } from "../src/explain/notification.ts";
import { createDraft } from "../src/pipeline/draft.ts";
import { createPipelineInMemory } from "./pipeline-in-memory.ts";
import { recordedMessages } from "./recorded-messages.ts";

function simulated(seed: number): typeof recordedMessages {
  const model = createMispModel({ now: () => 1_800_000_000 + seed, uuid: createCountingUuid() });
  const random = createRandom(seed);
  return Array.from({ length: 300 }, () => randomAction(model, random).notifications).flat();
}

const encoder = new TextEncoder();

/** An explanation without what only the index can say. */
function told(explained: NotificationExplanation) {
  if (!explained.ok) return explained;
  return {
    ...explained,
    changes: explained.changes.map(({ attribute, ...rest }) => ({ ...rest, verdict: attribute?.verdict })),
  };
}

/**
 * The pipeline, one message at a time, and what two explanations said right before it: one from the index, one from a draft that
 * has seen the messages before it and no index.
 */
async function compare(messages: typeof recordedMessages, items: readonly FilterItem[]) {
  const store = createMemoryStore();
  const filter = createFilter(items);
  const rules = { filter, reorders: false };
  const empty = createMemoryStore();
  const replay = createDraft(empty);
  let at = 1_800_000_000_000;
  const counts = { announce: 0, EDIT: 0, REMOVE: 0, nothing: 0, refused: 0, held: 0 };
  for (const { topic, body } of messages) {
    at += 1;
    const notification = { topic, body: encoder.encode(body), observedAtMs: at };
    const draft = createDraft(store);
    const explained = explainNotification(notification, { view: store, draft, rules });
    const replayed = explainNotification(notification, { view: empty, draft: replay, rules });
    expect(told(replayed)).toEqual(told(explained));
    const decoded = decode(notification);
    expect(explained.ok).toBe(decoded.ok);
    if (!decoded.ok || !explained.ok) {
      counts.refused += 1;
      continue;
    }

    const before = explained.changes.map(({ attribute }) => attribute && store.entry(attribute.attributeId));
    const counters = createCounters();
    const sent = await createPipelineInMemory(rules, { store, counters }).take(decoded.changes);
    const { repeated, dropped } = counters.snapshot();
    const publishes = explained.changes.flatMap((change) => change.publishes);
    const inAll = explained.changes.reduce((sum, change) => sum + change.publishesInAll, 0);
    expect(inAll).toBe(sent.length - repeated);
    for (const { update, name, pattern } of publishes) {
      expect(sent).toContainEqual(
        expect.objectContaining({
          name,
          pattern,
          ...(update === "announce" ? {} : { x_threatbus_update: update }),
        }),
      );
      counts[update] += 1;
    }
    if (publishes.length === 0) counts.nothing += 1;
    expect(explained.dropped).toEqual(dropped.reasons.map(([reason]) => reason));
    for (const [i, { attribute, notKept, concerned }] of explained.changes.entries()) {
      if (attribute === undefined) continue;
      const entry = store.entry(attribute.attributeId);
      const known = before[i];
      expect(attribute.consumers?.hold).toBe(known?.live);
      expect(notKept === true).toBe(entry === undefined);
      if (entry === undefined || concerned === 0) continue;
      expect("announce" in attribute.verdict).toBe(entry.live);
      if (entry.live) counts.held += 1;
    }
  }
  return counts;
}

describe("an explanation says what the pipeline then does", () => {
  it.each<[string, readonly FilterItem[]]>([
    ["without a filter", []],
    ["with a filter for tags and organisations", [{ tags: ["tlp:*"] }, { orgs: ["2"], types: ["ip-dst", "domain"] }]],
    ["with a filter for types", [{ types: ["domain", "ip-dst", "sha256"] }]],
  ])("of the recorded messages, %s", async (_, items) => {
    const counts = await compare(recordedMessages, items);
    for (const kind of ["announce", "REMOVE", "nothing"] as const)
      expect([kind, counts[kind] > 0]).toEqual([kind, true]);
  });

  it.each([1, 2, 3])("of random analysts' messages (%i)", async (seed) => {
    const counts = await compare(simulated(seed), [{ tags: ["tlp:*"] }, { orgs: ["1"] }]);
    for (const kind of ["announce", "EDIT", "REMOVE", "nothing", "held"] as const)
      expect([kind, counts[kind] > 0]).toEqual([kind, true]);
  });
});
