import type { Outbox, OutboxChanges, OutboxEntry } from "@tb/misp-core";
import { createAttempts } from "./attempt.ts";
import { type Backoff, backoffMs } from "./backoff.ts";
import type { Bell } from "./bell.ts";
import type { Clock } from "./clock.ts";
import type { Echo } from "./echo.ts";
import { createOutage, maxRetryAfterMs } from "./outage.ts";
import type { Report } from "./report.ts";
import type { SendAnswer, SendSighting } from "./send.ts";
import { sourceWithCount } from "./source-template.ts";
import { createThrottle } from "./throttle.ts";
import type { Writer } from "./writer.ts";

export interface SendLoopOptions {
  readonly outbox: Outbox;
  readonly writer: Writer;
  readonly send: SendSighting;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: Report;
  readonly echo: Echo;
  /** To be rung when rows have left the outbox. */
  readonly room: Bell;
  readonly concurrency: number;
  readonly sendTimeoutMs: number;
  readonly throttleMs: number;
  readonly maxDeadLetters: number;
}

export interface SendLoop {
  /** Sends until `signal` aborts, then what is due, until that is done or `deadline` aborts. */
  run(options: { readonly signal: AbortSignal; readonly deadline: AbortSignal }): Promise<void>;
  /** Something may be due. */
  wake(): void;
  /** Ends `forbidden` and every pause. */
  resume(): void;
}

/** So many different rows that failed mean an outage, and so many are sent to ask whether it is over. */
const outageAfter = 4;
/** Between the tries of one row, and of everything while MISP is down. */
const backoff: Backoff = { initialMs: 1_000, maxMs: 60_000 };
/** A row that failed so often while others were delivered becomes a dead letter. */
const maxStrikes = 8;
/** So many rows are looked at where the first ones are not enough. */
const lookahead = 500;
/** Looked anew after this at the latest, since timers and system clocks do not go alike. */
const maxSleepMs = 60_000;

/**
 * Sends what is due. One function decides, synchronously, whenever something has changed: a row came, an answer came, a write is
 * done, a time has passed. A row that is being sent or written about is `busy`, and left alone until the outbox says where it is.
 */
export function createSendLoop(options: SendLoopOptions): SendLoop {
  const { outbox, writer, clock, random, report, echo, room, concurrency, throttleMs } = options;
  const outage = createOutage(outageAfter, backoff, random);
  const throttle = createThrottle(throttleMs);
  const attempts = createAttempts(options.send, options.sendTimeoutMs, clock);
  /** No time that we set lies further away: one that does was set before the clock went back, and counts as over. */
  const horizonMs = maxRetryAfterMs + backoff.maxMs + throttleMs;
  const busy = new Set<string>();
  let phase: "idle" | "running" | "draining" | "ended" = "idle";
  let finish: (outcome: { readonly error?: unknown }) => void = () => {};
  let forbidden = false;
  /** MISP has answered since the key last changed: until then one try at a time, so that a bad key shows in one answer. */
  let trusted = false;
  /** When the try began that was delivered last: MISP was up after it. */
  let upSinceMs = 0;
  let cancelTimer = () => {};

  const active = () => phase === "running" || phase === "draining";

  const end = (outcome: { readonly error?: unknown }) => {
    if (!active()) return;
    phase = "ended";
    cancelTimer();
    attempts.giveUp();
    finish(outcome);
  };

  /** Writes, and says so once it is durable. */
  const write = (changes: OutboxChanges, entries: readonly OutboxEntry[], written: () => void) => {
    writer.write(changes).then(
      () => {
        for (const { row } of entries) busy.delete(row.uuid);
        written();
        room.ring();
        decide();
      },
      (error: unknown) => end({ error }),
    );
  };

  const deliver = (entry: OutboxEntry, startedAtMs: number) => {
    upSinceMs = startedAtMs;
    write({ done: [entry.row.uuid] }, [entry], () =>
      report({ kind: "delivered", row: entry.row, sightings: entry.count }),
    );
  };

  const bury = (entry: OutboxEntry, reason: "refused" | "keeps_failing", detail: string) => {
    const kept = outbox.counts().dead < options.maxDeadLetters;
    const letter = { entry: { ...entry, detail }, reason, buriedAtMs: clock.now() };
    write(kept ? { bury: [letter] } : { done: [entry.row.uuid] }, [entry], () =>
      report({ kind: "dead", row: entry.row, reason, detail, kept }),
    );
  };

  /**
   * How often the row failed while MISP was up. It was if it took another row in a try that began after this row had failed before;
   * then that failure counts, too. When nothing else is left to send, nothing else can be taken: so a row that was to blame once
   * stays so as long as no other row fails.
   */
  const strikesOf = ({ row, strikes, failedAtMs }: OutboxEntry, nowMs: number): number => {
    // A time in the future is from before the clock went back.
    if (failedAtMs > 0 && upSinceMs >= failedAtMs && upSinceMs <= nowMs) return Math.max(strikes, 1) + 1;
    return strikes > 0 && upSinceMs > 0 && outage.failsAlone(row.uuid) ? strikes + 1 : strikes;
  };

  const postpone = (entry: OutboxEntry, { detail, retryAtMs }: SendAnswer) => {
    const nowMs = clock.now();
    const { uuid } = entry.row;
    // MISP, or a proxy, named a time: it is busy, and the row has nothing to do with it.
    const pausedUntilMs = retryAtMs === undefined ? outage.failed(uuid, nowMs) : outage.hold(retryAtMs, nowMs);
    const strikes = retryAtMs === undefined ? strikesOf(entry, nowMs) : entry.strikes;
    const failures = entry.failures + 1;
    const failed = { ...entry, failures, strikes, failedAtMs: nowMs, detail };
    if (strikes >= maxStrikes) {
      bury(failed, "keeps_failing", detail);
    } else {
      const dueAtMs = Math.max(nowMs + backoffMs(failures, backoff, random), outage.blockedUntil(nowMs));
      write({ postpone: [{ ...failed, dueAtMs }] }, [entry], () =>
        report({ kind: "failed", row: entry.row, failures, detail }),
      );
    }
    if (pausedUntilMs !== undefined && pausedUntilMs > nowMs) {
      report({ kind: "state", state: "paused", detail, untilMs: pausedUntilMs });
    }
  };

  const forbid = (entry: OutboxEntry, detail: string) => {
    busy.delete(entry.row.uuid);
    trusted = false;
    if (forbidden) return;
    forbidden = true;
    report({ kind: "state", state: "forbidden", detail });
  };

  const answered = (entry: OutboxEntry, startedAtMs: number, answer: SendAnswer) => {
    if (answer.outcome === "delivered" || answer.outcome === "refused") {
      trusted = true;
      if (outage.answered()) report({ kind: "state", state: "sending", detail: "MISP answers again" });
    }
    if (answer.outcome === "delivered") deliver(entry, startedAtMs);
    else if (answer.outcome === "refused") bury(entry, "refused", answer.detail);
    else if (answer.outcome === "forbidden") forbid(entry, answer.detail);
    else postpone(entry, answer);
    decide();
  };

  const start = (entry: OutboxEntry, nowMs: number) => {
    busy.add(entry.row.uuid);
    throttle.sent(entry, nowMs);
    const row = { ...entry.row, source: sourceWithCount(entry.row.source, entry.count) };
    echo.sending(row);
    attempts.start(row, (answer) => answered(entry, nowMs, answer));
  };

  /** Starts what is due, and gives the time when more will be; undefined when only an answer or a write can bring more. */
  const startDue = (nowMs: number): number | undefined => {
    const free = (trusted ? concurrency : 1) - attempts.running();
    if (free <= 0) return undefined;
    const blockedUntilMs = outage.blockedUntil(nowMs);
    if (blockedUntilMs > nowMs) return blockedUntilMs;
    const idle = outbox
      .earliest(busy.size + (throttleMs > 0 || outage.lasts() ? lookahead : free + 1))
      .filter(({ row }) => !busy.has(row.uuid));
    const isDue = ({ dueAtMs }: OutboxEntry) => dueAtMs <= nowMs || dueAtMs > nowMs + horizonMs;
    const { send, changes, held, folded } = throttle.plan(idle.filter(isDue), nowMs);
    if (held.length > 0) {
      for (const { row } of held) busy.add(row.uuid);
      write(changes, held, () => folded > 0 && report({ kind: "folded", rows: folded }));
    }
    // Whether MISP is back is asked with any rows, not the first: those may fail for a reason of their own, all of them.
    for (const entry of outage.lasts() ? pickSome(send, Math.min(free, outageAfter)) : send.slice(0, free))
      start(entry, nowMs);
    return idle.find((entry) => !isDue(entry))?.dueAtMs;
  };

  /** Any rows, those first that have not failed yet. */
  const pickSome = (entries: readonly OutboxEntry[], count: number): readonly OutboxEntry[] => {
    const untried = entries.filter(({ failures }) => failures === 0);
    const left = untried.length > 0 ? untried : [...entries];
    const pick = () => left.splice(Math.min(Math.floor(random() * left.length), left.length - 1), 1);
    return Array.from({ length: Math.min(count, left.length) }, pick).flat();
  };

  const decide = () => {
    if (!active()) return;
    cancelTimer();
    const nowMs = clock.now();
    const nextAtMs = forbidden ? undefined : startDue(nowMs);
    if (phase === "draining" && busy.size === 0) end({});
    else if (nextAtMs !== undefined) cancelTimer = clock.after(Math.min(nextAtMs - nowMs, maxSleepMs), decide);
  };

  return {
    wake: decide,
    resume() {
      forbidden = false;
      trusted = false;
      outage.reset();
      decide();
    },
    async run({ signal, deadline }) {
      if (phase !== "idle") throw new Error("a delivery runs once");
      phase = signal.aborted ? "draining" : "running";
      const drain = () => {
        if (phase === "running") phase = "draining";
        decide();
      };
      const giveUp = () => end({});
      const outcome = new Promise<{ readonly error?: unknown }>((resolve) => {
        finish = resolve;
      });
      signal.addEventListener("abort", drain, { once: true });
      deadline.addEventListener("abort", giveUp, { once: true });
      if (deadline.aborted) giveUp();
      decide();
      const { error } = await outcome;
      signal.removeEventListener("abort", drain);
      deadline.removeEventListener("abort", giveUp);
      await writer.settled();
      const { waiting } = outbox.counts();
      report({ kind: "state", state: "stopped", detail: `${waiting} sightings wait for the next start`, waiting });
      if (error !== undefined) throw error;
    },
  };
}
