/** The process, as far as a shutdown needs it. */
interface ShutdownProcess {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
}

export interface ShutdownOptions {
  /** Aborted at the first signal: from here on reading stops, and what was taken is committed and published. */
  readonly controller: AbortController;
  /** Says what goes on, in one sentence. The last one is said right before the process ends. */
  readonly say: (level: "info" | "error", text: string) => void;
  /** How long it may take until the process has ended, from the first signal on. @default 4500, so that it has within 5 s */
  readonly deadlineMs?: number;
  /**
   * A signal this soon after the first one counts as the same: at Ctrl-C under npx or `npm run` the terminal and npm each send one.
   * @default 300
   */
  readonly sameSignalMs?: number;
  /** @default the process */
  readonly process?: ShutdownProcess;
}

const signals = ["SIGTERM", "SIGINT"] as const;
/** A process that a signal ended has 128 and the signal's number as its code, by the shells' convention. */
const codes: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Lets SIGTERM and SIGINT end the program in order: the first one aborts `controller`, a second one or the deadline ends the
 * process at once, with a non-zero code. Even then nothing is lost: what is not published stays dirty in the store.
 *
 * @returns What takes the handlers away again, when all is finished. A deadline that runs stays: a write that standard output's
 * reader does not take keeps a process alive though everything in it is done.
 */
export function installShutdown(options: ShutdownOptions): () => void {
  const { controller, say, deadlineMs = 4_500, sameSignalMs = 300, process: target = process } = options;
  let stoppingSinceMs: number | undefined;

  const onSignal = (signal: NodeJS.Signals) => {
    if (stoppingSinceMs !== undefined) {
      if (performance.now() - stoppingSinceMs < sameSignalMs) return;
      say("error", `${signal} again: ending at once; what is not published yet goes out at the next start`);
      target.exit(codes[signal] ?? 1);
      return;
    }
    stoppingSinceMs = performance.now();
    say("info", `${signal}: stopping; a second signal ends at once`);
    // Unreferenced: it must not keep a process alive that has finished.
    setTimeout(onDeadline, deadlineMs).unref();
    controller.abort(new Error(`stopped by ${signal}`));
  };
  const onDeadline = () => {
    const seconds = deadlineMs / 1_000;
    say(
      "error",
      `not finished ${seconds} s after the signal: ending; what is not published yet goes out at the next start`,
    );
    target.exit(1);
  };

  for (const signal of signals) target.on(signal, onSignal);
  return () => {
    for (const signal of signals) target.off(signal, onSignal);
  };
}
