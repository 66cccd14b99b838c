import { type Notification, type StoreView, toStixTimestamp } from "@tb/misp-core";
import type { Config } from "../config/schema.ts";
import { toDigest } from "../digest.ts";
import { createDraft, type Draft } from "../pipeline/draft.ts";
import type { Rules } from "../pipeline/settle-entry.ts";
import { toQualityGates } from "../quality/quality.ts";
import { emptyView } from "../store/empty-view.ts";
import { openReadOnlyIndex } from "../store/read-only-index.ts";
import type { Basis } from "./describe.ts";
import { explainNotification, type NotificationExplanation } from "./notification.ts";

/** What explanations are made of: the index, if it can be read, and the rules. */
export interface Explainer extends AsyncDisposable {
  /** As it is now. */
  basis(): Basis;
  /** Runs `look` on the index as it is now, or on one that knows nothing. */
  read<T>(look: (view: StoreView) => T): T;
  readonly rules: Rules;
  /** A notification by itself. */
  explain(notification: Notification): NotificationExplanation;
  /** A notification as if it came now, after all that were replayed before it. */
  replay(notification: Omit<Notification, "observedAtMs">): NotificationExplanation;
}

/** Opens the index for reading, also while the program uses it. What cannot be read is no failure: the basis says so. */
export function openExplainer(config: Config, redact: (text: string) => string): Explainer {
  const opened = openReadOnlyIndex(config.statePath);
  const index = opened.ok ? opened.reader : undefined;
  const gates = toQualityGates(config.gates);
  const quality = { gates: () => gates, now: Date.now };
  const rules: Rules = { filter: config.filter, reorders: config.source.kind === "kafka", quality };
  const read = <T>(look: (view: StoreView) => T): T => (index === undefined ? look(emptyView) : index.read(look));
  const digest = toDigest(config);
  let replayed: Draft | undefined;
  let lastMs = 0;
  return {
    basis() {
      // It names the state folder, and what is shown must not show a secret.
      if (opened.ok)
        return { kind: "index", text: redact(read((view) => describeIndex(view, config.statePath, digest))) };
      const reason = redact(opened.text);
      return { kind: "message", text: `the message alone: ${reason}`, reason };
    },
    rules,
    read,
    explain: (notification) =>
      read((view) => explainNotification(notification, { view, draft: createDraft(view), rules })),
    replay: ({ topic, body }) =>
      read((view) => {
        replayed ??= createDraft(view);
        lastMs = Math.max(Date.now(), view.meta().observedAtMs, lastMs) + 0.001;
        return explainNotification({ topic, body, observedAtMs: lastMs }, { view, draft: replayed, rules });
      }),
    async [Symbol.asyncDispose]() {
      await index?.[Symbol.asyncDispose]();
    },
  };
}

function describeIndex(view: StoreView, path: string, digest: string): string {
  const meta = view.meta();
  const heard =
    meta.observedAtMs === 0 ? "which has heard nothing yet" : `last heard ${toStixTimestamp(meta.observedAtMs)}`;
  const other =
    meta.digest === digest
      ? ""
      : "; it was written with another filter, other gates, exceptions or mapping, and is evaluated anew when the program starts next";
  return `the index in ${path}, ${heard}${other}`;
}
