import { MispApiError } from "./misp-api-error.ts";

/** JSON that is not what MISP is known to answer. Retryable: it is most often made by something in between. */
export function unexpected(path: string, what: string): MispApiError {
  return new MispApiError("unexpected-answer", `${path}: MISP's answer is not what was expected: ${what}`, {
    retryable: true,
  });
}
