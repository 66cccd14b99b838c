import { type MispApi, MispApiError } from "@tb/misp-api";
import type { Filter, SourceStatus, Store } from "@tb/misp-core";
import type { Counters } from "../counters.ts";
import { isRefusal, pauseMs } from "../misp/pause.ts";
import type { Committer } from "../pipeline/commit.ts";
import type { Completeness } from "../pipeline/settle-entry.ts";
import { toCoverage } from "./coverage.ts";
import { describeAnswer, type ReconcileAnswer } from "./describe-reconcile.ts";
import { createRefetch } from "./refetch.ts";
import { type ReconcileRequest, runReconcile } from "./run-reconcile.ts";

/** A subscription takes effect without confirmation, so what came just after is looked at once more. */
const onceMoreAfterMs = 10_000;
const pauses = { initialMs: 1_000, maxMs: 60_000 };
/** How long after a live message the next ones are expected. */
const busyForMs = 1_000;

export interface ReconcilerParts {
  readonly store: Store;
  readonly api: Pick<MispApi, "eventIndex" | "attributesOf" | "attributesByUuid" | "tags">;
  readonly filter: Filter;
  readonly counters: Counters;
  /** Milliseconds from the end of one reconcile to the next; 0: only when there is a reason. */
  readonly intervalMs: number;
  /** Consumers of this bus ask for what they lack, so that the first fill need not be told. */
  readonly quietFill: boolean;
  readonly say: (level: "debug" | "info" | "warn" | "error", cause: string, text: string) => void;
  readonly onRefused: (reason: string, detail: string) => void;
  /** @default Date.now */
  readonly now?: () => number;
}

/** Keeps the index equal to MISP: reconciles whenever something may have been missed, and asks for single attributes in between. */
export interface Reconciler {
  /** For decisions, which leave questions. */
  readonly completeness: Completeness;
  /** What the source says about its connection. */
  onSource(status: SourceStatus): void;
  /** MISP answers and takes the key of this user: it may be asked from now on. */
  begin(user: KeyUser): void;
  /** MISP does not take the key: nobody need wait. */
  giveUp(): void;
  /** Reconciles on demand, after what is under way. Rejects as the API does, or when it is too late. */
  request(request: ReconcileRequest): Promise<ReconcileAnswer>;
  /** Resolves once the index has been filled, or cannot be. */
  readonly filled: Promise<void>;
  /** Events that the brake holds back at present. */
  held(): number;
  /** Runs until `signal` aborts. Rejects when the store does. */
  run(options: {
    readonly signal: AbortSignal;
    readonly committer: Pick<Committer, "commit" | "tryOut">;
  }): Promise<void>;
}

/** What decides what a key sees. */
interface KeyUser {
  readonly orgId: number | undefined;
  /** Sees everything. */
  readonly siteAdmin: boolean;
}

interface Asked {
  readonly request: ReconcileRequest;
  resolve(answer: ReconcileAnswer): void;
  reject(error: unknown): void;
}

export function createReconciler(parts: ReconcilerParts): Reconciler {
  const { store, api, filter, counters, intervalMs, say, now = Date.now } = parts;
  let resolveFilled = () => {};
  const filled = new Promise<void>((resolve) => (resolveFilled = resolve));
  const asked: Asked[] = [];
  const unlistedTags = new Set<number>();
  const coverage = toCoverage(filter);
  let heard: Set<number> | undefined;
  let committer: Pick<Committer, "commit" | "tryOut"> | undefined;
  let wake: (() => void) | undefined;
  let begun: KeyUser | undefined;
  let ended = false;
  let dueAtMs = 0;
  let onceMoreAtMs = Number.POSITIVE_INFINITY;
  let notBeforeMs = 0;
  let failures = 0;
  let saidCode: string | undefined;
  let missed = false;
  let liveAtMs = 0;
  let held = 0;

  const writer = () => {
    if (committer === undefined) throw new Error("nothing can be committed before run");
    return committer;
  };
  const commit: Committer["commit"] = (facts, options) => writer().commit(facts, options);
  const rouse = () => {
    wake?.();
    wake = undefined;
  };
  const ask = () => {
    dueAtMs = Math.min(dueAtMs, now());
    rouse();
  };
  const refetch = createRefetch(api, commit, {
    usesTags: filter.usesTags,
    now,
    onRefused: parts.onRefused,
    onOverflow: ask,
  });

  const once = async (request: ReconcileRequest, signal: AbortSignal): Promise<ReconcileAnswer> => {
    const { tryOut } = writer();
    heard = new Set();
    missed = false;
    try {
      return await runReconcile(
        {
          store,
          api,
          commit,
          tryOut,
          coverage,
          counters,
          now,
          unlistedTags,
          sees: ({ ownerOrgId }) =>
            begun?.siteAdmin === true || (begun?.orgId !== undefined && begun.orgId === ownerOrgId),
          isBusy: () => now() - liveAtMs < busyForMs,
          onRefused: parts.onRefused,
          sayProgress: (text) => say("info", "reconcile progress", text),
        },
        request,
        {
          signal,
          heard,
          quiet: parts.quietFill && !store.meta().filled,
          completes: () => !missed,
          between: () => askWhatIsDue(signal),
        },
      );
    } finally {
      heard = undefined;
    }
  };

  const askWhatIsDue = async (signal: AbortSignal) => {
    const due = refetch.dueAtMs();
    if (due !== undefined && due <= now()) await refetch.ask(signal);
  };

  const tell = (answer: ReconcileAnswer, { scope }: ReconcileRequest) => {
    counters.increment("reconciled");
    counters.increment("rows", undefined, answer.rows);
    counters.increment("absent", undefined, answer.absent);
    if (answer.held > 0) {
      say(
        "error",
        "reconcile held",
        `${answer.held} events would vanish at once, which looks like a key that sees less than before: nothing is removed. If MISP is ` +
          "right, run: threatbus-misp reconcile --force",
      );
    }
    // One event says nothing about the others.
    if (typeof scope !== "object" || !("eventId" in scope)) {
      if (held > 0 && answer.held === 0) say("info", "reconcile released", "nothing is held back any more");
      held = answer.held;
    }
    const level = answer.rows + answer.absent > 0 || !store.meta().complete ? "info" : "debug";
    say(level, "reconciled", describeAnswer(answer));
  };

  /** What is due by itself. */
  const reconcileNow = async (signal: AbortSignal) => {
    dueAtMs = Number.POSITIVE_INFINITY;
    if (onceMoreAtMs <= now()) onceMoreAtMs = Number.POSITIVE_INFINITY;
    tell(await once({}, signal), {});
    if (intervalMs > 0) dueAtMs = Math.min(dueAtMs, now() + intervalMs);
    resolveFilled();
  };

  const onFailure = (error: unknown, request: ReconcileRequest | undefined) => {
    if (!(error instanceof MispApiError) || error.code === "closed") throw error;
    // Whoever only wanted to know what would change has been told why not.
    if (request?.dryRun !== true) ask();
    // What somebody has to mend first may take days.
    if (!error.retryable) resolveFilled();
    if (isRefusal(error.code)) {
      ended = true;
      for (const { reject } of asked.splice(0)) reject(error);
      const ending = "MISP is not asked again until the program is started anew";
      say("error", `reconcile ${error.code}`, `the index cannot be compared with MISP: ${error.message}; ${ending}`);
      return;
    }
    failures += 1;
    notBeforeMs = now() + pauseMs(error, failures, pauses, { nowMs: now(), random: Math.random });
    if (saidCode === error.code) return;
    saidCode = error.code;
    say(
      "warn",
      `reconcile ${error.code}`,
      `the index cannot be compared with MISP yet, it is tried again: ${error.message}`,
    );
  };

  const step = async (signal: AbortSignal) => {
    const next = asked.shift();
    try {
      if (next !== undefined) {
        await once(next.request, signal).then(
          (answer) => {
            if (!next.request.dryRun) tell(answer, next.request);
            next.resolve(answer);
          },
          (error: unknown) => {
            next.reject(error);
            throw error;
          },
        );
      } else if (Math.min(dueAtMs, onceMoreAtMs) <= now()) await reconcileNow(signal);
      else await askWhatIsDue(signal);
      failures = 0;
      saidCode = undefined;
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error, next?.request);
    }
  };

  const nextAtMs = () => {
    if (begun === undefined || ended) return Number.POSITIVE_INFINITY;
    if (asked.length > 0) return 0;
    return Math.max(notBeforeMs, Math.min(dueAtMs, onceMoreAtMs, refetch.dueAtMs() ?? Number.POSITIVE_INFINITY));
  };

  return {
    completeness: {
      onLive(eventId) {
        liveAtMs = now();
        heard?.add(eventId);
      },
      wasHeard: (eventId) => heard?.has(eventId) ?? false,
      onDoubt(uuid) {
        refetch.doubt(uuid);
        rouse();
      },
      onFresh(uuid, event) {
        refetch.fresh(uuid, event);
        rouse();
      },
    },
    onSource(status) {
      if (status.state !== "gap" && status.state !== "connected") return;
      if (status.state === "gap") {
        missed = true;
        // Until a reconcile has gone through, a removal of what the index does not know may be of something that was announced.
        if (store.meta().complete && committer !== undefined)
          commit([], { meta: { complete: false } }).catch(() => undefined);
      }
      onceMoreAtMs = now() + onceMoreAfterMs;
      ask();
    },
    begin(user) {
      begun = user;
      rouse();
    },
    giveUp: () => resolveFilled(),
    request(request) {
      if (ended) return Promise.reject(new Error("MISP has refused the key: mend that and start the program anew"));
      if (begun === undefined) return Promise.reject(new Error("MISP has not answered yet: see the log"));
      return new Promise((resolve, reject) => {
        asked.push({ request, resolve, reject });
        rouse();
      });
    },
    filled,
    held: () => held,
    async run({ signal, committer: given }) {
      committer = given;
      signal.addEventListener("abort", rouse, { once: true });
      while (!signal.aborted) {
        const waitMs = nextAtMs() - now();
        if (waitMs <= 0) {
          await step(signal);
          continue;
        }
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (waitMs !== Number.POSITIVE_INFINITY) timer = setTimeout(resolve, Math.min(waitMs, 2 ** 31 - 1));
        });
        clearTimeout(timer);
      }
      for (const { reject } of asked.splice(0)) reject(new Error("the program ends"));
    },
  };
}
