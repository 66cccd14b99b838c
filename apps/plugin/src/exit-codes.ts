import { StoreError } from "./store/store-error.ts";

/** What was asked for is not there. */
export const exitNothing = 1;
/** EX_USAGE: the command line is wrong. */
export const exitUsage = 64;
/** EX_CONFIG: the configuration or the installation must be mended by a person first. */
export const exitConfig = 78;
/** EX_SOFTWARE: a part was lost while running; starting again may help. */
export const exitFailed = 70;
/** EX_TEMPFAIL: another process is in the way, or there is no space. */
export const exitTryAgain = 75;

/** How a program ends that something was thrown in: a state folder may be free later, or a person has to mend it. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof StoreError)) return exitFailed;
  return error.retryable ? exitTryAgain : exitConfig;
}
