import type { Answer } from "./answer.ts";
import { MispApiError } from "./misp-api-error.ts";

/** JSON that is not what MISP is known to answer. Retryable: it is most often made by something in between. */
export function unexpected(path: string, what: string, answer?: Answer): MispApiError {
  const words = answer === undefined || answer.said === "" ? "" : `; it says: ${answer.said}`;
  return new MispApiError("unexpected-answer", `${path}: the answer is not one of MISP's: ${what}${words}`, {
    retryable: true,
    ...(answer === undefined ? {} : { status: answer.status }),
  });
}
