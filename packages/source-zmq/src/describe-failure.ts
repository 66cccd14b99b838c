import type { SourceStatus } from "@tb/misp-core";
import type { EventOfType } from "zeromq";

/** The three ways in which libzmq says that a handshake came to nothing. */
type HandshakeFailure =
  | EventOfType<"handshake:error:auth">
  | EventOfType<"handshake:error:protocol">
  | EventOfType<"handshake:error:other">;

/** Puts into words why a peer that is reachable is none of ours. Each branch is pinned in `authentication.test.ts` or `restart.test.ts`. */
export function describeFailure(address: string, event: HandshakeFailure, withCredentials: boolean): SourceStatus {
  const refused = (why: string): SourceStatus => ({ state: "handshake-failed", detail: `${address}: ${why}` });
  switch (event.type) {
    case "handshake:error:auth":
      return refused(
        withCredentials ? "the publisher refuses username and password" : "the publisher refuses this subscriber",
      );
    case "handshake:error:protocol":
      if (event.error.code !== "ERR_ZMTP_MECHANISM_MISMATCH") {
        return refused(`the peer does not speak ZeroMQ as expected (${event.error.code})`);
      }
      return refused(
        withCredentials
          ? "the publisher does not want a username and password, and one is configured here"
          : "the publisher wants a username and password, and none is configured here",
      );
    case "handshake:error:other":
      // What libzmq gives when its own handshake timer ran out.
      if (event.error.code === "EAGAIN") {
        const detail = `${address}: the peer accepts the connection and says nothing: frozen, or not a ZeroMQ publisher`;
        return { state: "disconnected", detail };
      }
      // A mechanism mismatch looks like this too, when the publisher notices first: 39 times of 40 on a busy machine.
      return refused(
        `the publisher ends the connection before the handshake: it ${
          withCredentials ? "refuses or does not want the username and password" : "wants a username and password"
        }, is still starting, or does not speak ZeroMQ`,
      );
  }
}
