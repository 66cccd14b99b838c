import type { MispApi } from "@tb/misp-api";
import type { EventContext } from "@tb/misp-core";
import type { Committer } from "../pipeline/commit.ts";
import { commitInParts } from "./commit-in-parts.ts";
import { readRows } from "./read-rows.ts";

/** MISP attaches tags within a second or two after it told of the attribute. */
const freshAfterMs = 5_000;
/** Long enough for the rest of a burst to come along. */
const doubtAfterMs = 200;
/** What is not visible yet is asked for again after 5, 10 and 20 s; then the next reconcile decides. */
const maxTries = 4;
const maxWaiting = 100_000;
const uuidsPerRequest = 1_000;

/** Attributes to ask MISP for by UUID. */
export interface Refetch {
  /** What a live message says of it may be older than what REST said. */
  doubt(uuid: string): void;
  /** Its tags may be missing: no message brings an event's older tags, and those that bring its own can be lost. */
  fresh(uuid: string, event: EventContext): void;
  /** When there is something to ask for, milliseconds; undefined: there is nothing. */
  dueAtMs(): number | undefined;
  /** Asks for what is due. Rejects as the API does, and then everything waits on. */
  ask(signal: AbortSignal): Promise<void>;
}

/** Everything that waits here also makes its event one that the next reconcile reads, so nothing need survive a restart. */
export function createRefetch(
  api: Pick<MispApi, "attributesByUuid">,
  commit: Committer["commit"],
  options: {
    readonly usesTags: boolean;
    readonly now: () => number;
    readonly onRefused: (reason: string, detail: string) => void;
    /** There is more than can wait: a reconcile finds it too. */
    readonly onOverflow: () => void;
  },
): Refetch {
  const { usesTags, now, onRefused, onOverflow } = options;
  const waiting = new Map<string, { readonly dueAtMs: number; readonly tries: number }>();

  const put = (uuid: string, dueAtMs: number, tries: number) => {
    if (waiting.size >= maxWaiting && !waiting.has(uuid)) return onOverflow();
    waiting.set(uuid, { dueAtMs, tries });
  };

  return {
    doubt(uuid) {
      put(uuid, now() + doubtAfterMs, 0);
    },
    fresh(uuid, event) {
      if ((usesTags || event.tags.listedAtMs === 0) && !waiting.has(uuid)) put(uuid, now() + freshAfterMs, 0);
    },
    dueAtMs() {
      let earliest: number | undefined;
      for (const { dueAtMs } of waiting.values()) if (earliest === undefined || dueAtMs < earliest) earliest = dueAtMs;
      return earliest;
    },
    async ask(signal) {
      const due = [...waiting].filter(([, { dueAtMs }]) => dueAtMs <= now()).slice(0, uuidsPerRequest);
      if (due.length === 0) return;
      const missing = new Map(due);
      for await (const { rows, requestedAtMs } of api.attributesByUuid([...missing.keys()], { signal })) {
        const changes = readRows(rows, requestedAtMs, onRefused);
        for (const change of changes) if ("uuid" in change) missing.delete(change.uuid);
        await commitInParts(commit, changes);
      }
      for (const [uuid, asked] of due) {
        // Something came up while it was asked for: it stands.
        if (waiting.get(uuid) !== asked) continue;
        waiting.delete(uuid);
        const tries = asked.tries + 1;
        if (missing.has(uuid) && tries < maxTries) put(uuid, now() + freshAfterMs * 2 ** (tries - 1), tries);
      }
    },
  };
}
