import type { FailureScope, RestFailure } from "../rest/failures.ts";
import type { Narrowing, RestKey } from "../rest/key.ts";
import type { LoggedRequest, RestServer } from "../rest/rest-server.ts";
import { SimulatorError } from "../simulator-error.ts";

/** What can be asked of the REST server on stdin. */
export type RestCommand =
  /** All failures off. */
  | "heal"
  /** Nothing listens any more, or it listens again on the same port. */
  | "down"
  | "up"
  /** A failure on, for requests in its scope. */
  | (FailureScope & { readonly fail: RestFailure })
  /** A key is new or has changed. */
  | { readonly key: RestKey }
  | { readonly revoke: string }
  /** `to: null` gives everything back. */
  | { readonly narrow: { readonly key: string; readonly to: Narrowing | null } }
  /** What was asked so far; `forget` empties the list. */
  | { readonly requests: true | "forget" };

/** Every kind, so that a mistyped one is refused instead of doing nothing. */
const failureKinds: Readonly<Record<RestFailure["kind"], true>> = {
  answer: true,
  "content-type": true,
  delay: true,
  hang: true,
  html: true,
  "internal-error": true,
  lag: true,
  "lost-answer": true,
  "rate-limit": true,
  redirect: true,
  "repeat-page": true,
  reset: true,
  "searches-not-allowed": true,
  truncate: true,
};

/** Carries a command out. One that is not understood is a {@link SimulatorError} `invalid-command`. */
export async function runRestCommand(
  server: RestServer | undefined,
  command: RestCommand,
): Promise<{ readonly requests?: readonly LoggedRequest[] }> {
  if (server === undefined) throw new SimulatorError("invalid-command", "start the simulator with --rest to use REST");
  const misunderstood = () => new SimulatorError("invalid-command", `not understood: ${JSON.stringify(command)}`);
  if (command === "heal") server.heal();
  else if (command === "down") await server.down();
  else if (command === "up") await server.up();
  else if (typeof command !== "object" || command === null) throw misunderstood();
  else if ("fail" in command) {
    const { fail, ...scope } = command;
    if (!Object.hasOwn(failureKinds, fail?.kind)) throw misunderstood();
    server.fail(fail, scope);
  } else if ("key" in command) server.setKey(command.key);
  else if ("revoke" in command) server.revokeKey(command.revoke);
  else if ("narrow" in command) server.narrow(command.narrow.key, command.narrow.to ?? undefined);
  else if ("requests" in command) {
    const requests = [...server.requests];
    if (command.requests === "forget") server.forgetRequests();
    return { requests };
  } else throw misunderstood();
  return {};
}
