import type { Log, LogFields, LogLevel } from "./log.ts";

/** A log that says the same thing rarely. `cause` tells what is the same. */
export type LimitedLog = Readonly<Record<LogLevel, (cause: string, fields: LogFields, message: string) => void>> & {
  /** Says what was held back so far and has not been counted in a line yet. Call it at exit. */
  flush(): void;
};

interface Cause {
  readonly saidAtMs: number;
  /** What was held back since, the last of it to stand for all. */
  held?: { readonly count: number; readonly say: (count: number) => void };
}

/** More causes than a program has; above it the one that was said longest ago is forgotten, its count said first. */
const maxCauses = 1_000;

/**
 * At most one line per cause in `everyMs` milliseconds. The next line of the cause carries `suppressed`: how many were held back
 * since the last one.
 *
 * @param clock Milliseconds that never go back.
 */
export function limitRepeats(log: Log, everyMs: number, clock: () => number): LimitedLog {
  const causes = new Map<string, Cause>();

  const sayHeld = (cause: Cause) => {
    cause.held?.say(cause.held.count);
    delete cause.held;
  };

  const limited = (level: LogLevel) => (name: string, fields: LogFields, message: string) => {
    const now = clock();
    const cause = causes.get(name);
    const say = (suppressed: number) => log[level](suppressed === 0 ? fields : { ...fields, suppressed }, message);
    if (cause !== undefined && now - cause.saidAtMs < everyMs) {
      cause.held = { count: (cause.held?.count ?? 0) + 1, say };
      return;
    }
    causes.delete(name);
    causes.set(name, { saidAtMs: now });
    say(cause?.held?.count ?? 0);
    if (causes.size <= maxCauses) return;
    const [oldest] = causes;
    if (oldest === undefined) return;
    sayHeld(oldest[1]);
    causes.delete(oldest[0]);
  };

  return {
    debug: limited("debug"),
    info: limited("info"),
    warn: limited("warn"),
    error: limited("error"),
    flush() {
      for (const cause of causes.values()) sayHeld(cause);
    },
  };
}
