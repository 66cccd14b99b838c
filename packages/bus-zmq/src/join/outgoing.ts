import { createBacklog } from "../backlog.ts";
import { type OutgoingMessage, textOf } from "../outgoing-message.ts";
import { pause } from "../pause.ts";
import { firstRetryMs, maxRetryMs } from "../send-now.ts";
import { describeError } from "../zmq-bus-error.ts";
import type { JoinSettings } from "./join-options.ts";
import { createJournal } from "./journal.ts";
import type { Session } from "./session.ts";

/** Of what may have been lost with the host, beside the limit on messages. */
const maxRememberedCharacters = 64 * 1024 * 1024;
/** A host that takes nothing for so long is told as one that is behind. */
const behindMs = 15_000;

/** Messages that were given together, and what becomes of them. */
interface Batch {
  /** Live ones are remembered, and go out again after a rejoin. */
  readonly messages: readonly OutgoingMessage[];
  readonly wrap: (text: string, message: OutgoingMessage) => string;
  readonly remember: boolean;
  /** When it aborts the rest is dropped. */
  readonly signal?: AbortSignal;
}

/** One line of messages to the host, in order; it stands still while there is no session. */
export interface Outgoing {
  /** Resolves when all are handed over, or dropped; rejects when this is closed. */
  hand(batch: Batch): Promise<void>;
  /** What was handed over lately goes out first, then what waits. Gives how many messages that is. */
  begin(session: Session): number;
  pause(): void;
  /** What was handed over before `atMs` has arrived. */
  confirmBefore(atMs: number): void;
  close(error: Error): void;
}

interface Line extends Batch {
  next: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export function createOutgoing(settings: JoinSettings, onBehind: (detail: string) => void): Outgoing {
  const journal = createJournal(settings.maxRemembered, maxRememberedCharacters);
  const repeat = createBacklog();
  const lines: Line[] = [];
  let session: Session | undefined;
  let closed: Error | undefined;
  let running = false;
  let wakeForRoom: (() => void) | undefined;

  const renderedOf = (message: OutgoingMessage): string | undefined => {
    try {
      return textOf(message, settings.renderAgain);
    } catch (error) {
      const detail = `${message.id} cannot be rendered, and does not go out once more (${describeError(error)})`;
      settings.onEvent({ kind: "not-repeated", id: message.id, detail });
      return undefined;
    }
  };
  /** True when it is handed over; false when the session is over. */
  const handOver = async (to: Session, text: string): Promise<boolean> => {
    let retryMs = firstRetryMs;
    let toldBehind = false;
    const beganAtMs = performance.now();
    while (!(await to.send(text))) {
      if (to.signal.aborted) return false;
      await pause(retryMs, to.signal);
      if (to.signal.aborted) return false;
      retryMs = Math.min(2 * retryMs, maxRetryMs);
      if (toldBehind || performance.now() - beganAtMs < behindMs) continue;
      toldBehind = true;
      onBehind(`the Threat Bus host takes nothing for ${behindMs / 1_000} s`);
    }
    // What went into a session that is over by now counts for nothing: it was not remembered when the next one began.
    return !to.signal.aborted;
  };
  const remember = async (message: OutgoingMessage) => {
    journal.add(message, performance.now());
    while (session !== undefined && !journal.hasRoom()) {
      await new Promise<void>((resolve) => {
        wakeForRoom = resolve;
      });
    }
  };
  /** One message further. */
  const step = async (to: Session) => {
    const again = repeat.first();
    if (again !== undefined) {
      const text = renderedOf(again);
      if (text !== undefined && !(await handOver(to, `stix2/${again.kind} ${text}`))) return;
      repeat.done(again);
      if (text !== undefined) await remember(again);
      return;
    }
    const [line] = lines;
    if (line === undefined) return;
    const message = line.signal?.aborted ? undefined : line.messages[line.next];
    if (message === undefined) {
      lines.shift();
      line.resolve();
      return;
    }
    if (!(await handOver(to, line.wrap(message.text ?? "", message)))) return;
    line.next += 1;
    if (line.remember) await remember(message);
  };
  const run = async () => {
    if (running) return;
    running = true;
    // That there is nothing to do is found out in the turn that says so, or what comes in between would be forgotten. Once its
    // session is over, a socket says nothing that could be waited for.
    while (session !== undefined && !session.signal.aborted && (repeat.size > 0 || lines.length > 0))
      await step(session);
    running = false;
  };
  const roomMayBe = () => {
    wakeForRoom?.();
    wakeForRoom = undefined;
  };

  return {
    hand(batch) {
      if (closed !== undefined) return Promise.reject(closed);
      return new Promise((resolve, reject) => {
        lines.push({ ...batch, next: 0, resolve, reject });
        void run();
      });
    },
    begin(next) {
      // Remembered ones were handed over before those whose repetition was interrupted.
      const interrupted = [...repeat.all()];
      repeat.clear();
      journal.takeInto(repeat);
      for (const message of interrupted) repeat.add(message);
      session = next;
      void run();
      return repeat.size;
    },
    pause() {
      session = undefined;
      roomMayBe();
    },
    confirmBefore(atMs) {
      journal.forgetBefore(atMs);
      roomMayBe();
    },
    close(error) {
      closed = error;
      session = undefined;
      roomMayBe();
      for (const { reject } of lines.splice(0)) reject(error);
    },
  };
}
