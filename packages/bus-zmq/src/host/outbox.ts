import { type Backlog, createBacklog } from "../backlog.ts";
import { type OutgoingMessage, type RenderAgain, textOf } from "../outgoing-message.ts";
import { firstRetryMs, maxRetryMs } from "../send-now.ts";
import { describeError } from "../zmq-bus-error.ts";

export interface OutboxOptions {
  /** The app's private topic; the message's kind follows it. */
  readonly topic: string;
  /** False: no room now. */
  readonly send: (text: string) => Promise<boolean>;
  readonly renderAgain: RenderAgain | undefined;
  /** How long an app may take nothing while something waits for it, in milliseconds. */
  readonly stallTimeoutMs: number;
  /** The same while what fills the pipe is the snapshot that the app asked for. */
  readonly snapshotStallTimeoutMs: number;
  /** How many messages fit into the pipe: after so many it holds nothing of a snapshot any more. */
  readonly pipeLength: number;
  readonly maxWaiting: number;
  readonly maxWaitingCharacters: number;
  /** Half of the time that an app may take nothing is over. Once, until it takes something. */
  readonly onBehind: (detail: string) => void;
  /** It took nothing for too long, too much waits, or something cannot be rendered. Whoever is told closes the outbox. */
  readonly onGivenUp: (detail: string) => void;
}

/** What waits for one app, and what hands it over as there is room: live messages first, then its snapshot. */
export interface Outbox {
  /** The app listens from now on: nothing is handed over before, since it would be lost. */
  open(): void;
  /** Live messages, in order. */
  offer(messages: readonly OutgoingMessage[]): void;
  /** A part of the app's snapshot: live messages overtake it, and what they make pointless of it is not sent. */
  offerSnapshot(messages: readonly OutgoingMessage[]): void;
  /** Nothing more of a snapshot should be offered until there is room: what nobody can be asked to send slower. */
  readonly snapshotFull: boolean;
  /** Resolves when all is handed over that there is room for; what finds none waits and is no reason to wait. */
  flush(): Promise<void>;
  /** Resolves when nothing of the snapshot waits any more, or the outbox is closed. */
  snapshotFlushed(): Promise<void>;
  close(): void;
}

/** A slow app costs the others nothing: nobody waits for it, and what it has no room for is kept short until there is room. */
export function createOutbox(options: OutboxOptions): Outbox {
  const live = createBacklog();
  const snapshot = createBacklog();
  const flushedWaiters = new Set<() => void>();
  let opened = false;
  let closed = false;
  let running = false;
  let current: Promise<void> = Promise.resolve();
  let retryTimer: NodeJS.Timeout | undefined;
  let retryMs = firstRetryMs;
  /** When it last took something, once it has stopped to. */
  let stalledSinceMs: number | undefined;
  let toldBehind = false;
  let sentSinceSnapshot = Number.POSITIVE_INFINITY;

  const canSend = () => opened && !closed && retryTimer === undefined;
  const settleSnapshot = () => {
    for (const resolve of flushedWaiters) resolve();
    flushedWaiters.clear();
  };
  const progress = (queue: Backlog) => {
    sentSinceSnapshot = queue === snapshot ? 0 : sentSinceSnapshot + 1;
    stalledSinceMs = undefined;
    toldBehind = false;
    retryMs = firstRetryMs;
  };
  const holdBack = () => {
    stalledSinceMs ??= performance.now();
    retryTimer = setTimeout(retry, retryMs);
    retryMs = Math.min(2 * retryMs, maxRetryMs);
  };

  const run = async () => {
    try {
      while (canSend()) {
        const queue = live.size > 0 ? live : snapshot;
        const message = queue.first();
        if (message === undefined) return;
        let text: string | undefined;
        try {
          text = textOf(message, options.renderAgain);
        } catch (error) {
          // Left out, it would be missing at the app for good; with its next subscription the app gets everything anew.
          return options.onGivenUp(`${message.id} cannot be rendered (${describeError(error)})`);
        }
        if (text !== undefined) {
          const sent = await options.send(`${options.topic}${message.kind} ${text}`);
          if (closed) return;
          if (!sent) return holdBack();
          progress(queue);
        }
        queue.done(message);
        if (snapshot.size === 0) settleSnapshot();
      }
    } finally {
      running = false;
    }
  };
  const pump = (): Promise<void> => {
    if (running || !canSend()) return running ? current : Promise.resolve();
    running = true;
    current = run();
    return current;
  };

  const retry = () => {
    retryTimer = undefined;
    const stalledMs = stalledSinceMs === undefined ? 0 : performance.now() - stalledSinceMs;
    const bySnapshot = snapshot.size > 0 || sentSinceSnapshot < options.pipeLength;
    const limitMs = bySnapshot ? options.snapshotStallTimeoutMs : options.stallTimeoutMs;
    const state = () => `nothing taken for ${Math.round(stalledMs / 100) / 10} s, ${live.size} changes wait`;
    if (stalledMs >= limitMs) return options.onGivenUp(state());
    if (!toldBehind && stalledMs >= limitMs / 2) {
      toldBehind = true;
      options.onBehind(state());
    }
    void pump();
  };

  // An app that never listens is as good as one that takes nothing.
  const openTimer = setTimeout(() => {
    options.onGivenUp("it never subscribed to its private topic on the pub port");
  }, options.stallTimeoutMs);

  return {
    open() {
      if (opened) return;
      opened = true;
      clearTimeout(openTimer);
      void pump();
    },
    offer(messages) {
      if (closed) return;
      const keepShort = !canSend();
      for (const message of messages) {
        live.add(keepShort ? (message.later ?? message) : message);
        if (snapshot.size > 0) snapshot.overtakenBy(message);
      }
      if (snapshot.size === 0) settleSnapshot();
      if (live.size > options.maxWaiting || live.characters > options.maxWaitingCharacters) {
        options.onGivenUp(`${live.size} changes wait, more than there is room for`);
      }
    },
    offerSnapshot(messages) {
      if (closed) return;
      for (const message of messages) snapshot.add(message);
    },
    get snapshotFull() {
      return snapshot.size >= options.maxWaiting || snapshot.characters >= options.maxWaitingCharacters;
    },
    flush: pump,
    snapshotFlushed() {
      if (closed || snapshot.size === 0) return Promise.resolve();
      return new Promise((resolve) => flushedWaiters.add(resolve));
    },
    close() {
      closed = true;
      clearTimeout(openTimer);
      clearTimeout(retryTimer);
      live.clear();
      snapshot.clear();
      settleSnapshot();
    },
  };
}
